-- Drops a stretch of old events that every group is done with. An event that is held, rests or was given up stays. The
-- first event that is too young ends the stretch: those behind it are younger.
--
-- KEYS[1]  {prefix}outbox
-- ARGV[1]  prefix of every key
-- ARGV[2]  sequence after which the stretch begins
-- ARGV[3]  how many events it has
-- ARGV[4]  seconds since 1970; younger events stay
--
-- Answers { dropped, last sequence looked at, or '' at the end }.
local call, prefix, before = redis.call, ARGV[1], tonumber(ARGV[4])
if call('EXISTS', prefix .. 'filling') == 1 then
    return redis.error_reply('FILLING a copy into this store was not finished')
end
if call('EXISTS', KEYS[1]) == 0 then
    return { 0, '' }
end
local groups = {}
for _, described in ipairs(call('XINFO', 'GROUPS', KEYS[1])) do
    local group = {}
    for i = 1, #described, 2 do
        group[described[i]] = described[i + 1]
    end
    groups[#groups + 1] = { name = group.name, given = tonumber(group['last-delivered-id']:match('-(%d+)$')) }
end
local function is_done(sequence)
    for _, group in ipairs(groups) do
        if tonumber(sequence) > group.given
            or call('ZSCORE', prefix .. 'outbox:held:' .. group.name, sequence)
            or call('ZSCORE', prefix .. 'outbox:resting:' .. group.name, sequence)
            or call('ZCOUNT', prefix .. 'outbox:dead:' .. group.name, sequence, sequence) > 0 then
            return false
        end
    end
    return true
end
local function is_old(entry)
    return tonumber(entry[2][2]:match('^%d+')) < before
end
local first = call('XRANGE', KEYS[1], '(0-' .. ARGV[2], '+', 'COUNT', 1)[1]
if not first or not is_old(first) then
    return { 0, '' }
end
local dropped, last = {}, ''
local entries = call('XRANGE', KEYS[1], '(0-' .. ARGV[2], '+', 'COUNT', ARGV[3])
for _, entry in ipairs(entries) do
    if not is_old(entry) then
        last = ''
        break
    end
    last = entry[1]:match('-(%d+)$')
    if is_done(last) then
        dropped[#dropped + 1] = entry[1]
    end
end
if #dropped > 0 then
    call('XDEL', KEYS[1], unpack(dropped))
end
return { #dropped, #entries == tonumber(ARGV[3]) and last or '' }
