-- Gives events to a consumer of a group.
--
-- KEYS[1]  {prefix}outbox
-- KEYS[2]  {prefix}outbox:held:{group}     events that a consumer holds, by the end of the hold
-- KEYS[3]  {prefix}outbox:resting:{group}  events that wait for their next attempt, by its time
-- KEYS[4]  {prefix}filling
-- ARGV[1]  seconds by which the shop's time is ahead of the server's
-- ARGV[2]  group
-- ARGV[3]  consumer
-- ARGV[4]  how many at most
-- ARGV[5]  seconds for which they are held
--
-- Answers { {sequence, attempt, document}, … }, oldest first.
local call = redis.call
if call('EXISTS', KEYS[4]) == 1 then
    return redis.error_reply('FILLING a copy into this store was not finished')
end
local now = tonumber(call('TIME')[1]) + tonumber(ARGV[1])
local group, consumer, limit = ARGV[2], ARGV[3], tonumber(ARGV[4])
local till = string.format('%.0f', now + tonumber(ARGV[5]))
redis.pcall('XGROUP', 'CREATE', KEYS[1], group, '0', 'MKSTREAM')

local again = {}
for i = 2, 3 do
    for _, sequence in ipairs(call('ZRANGEBYSCORE', KEYS[i], '-inf', now)) do
        again[#again + 1] = sequence
    end
end
table.sort(again, function(a, b) return #a < #b or #a == #b and a < b end)

local given = {}
for _, sequence in ipairs(again) do
    if #given == limit then
        break
    end
    local id = '0-' .. sequence
    local claimed = call('XCLAIM', KEYS[1], group, consumer, 0, id)[1]
    call('ZREM', KEYS[2], sequence)
    call('ZREM', KEYS[3], sequence)
    if claimed then
        local attempt = call('XPENDING', KEYS[1], group, id, id, 1)[1][4]
        call('ZADD', KEYS[2], till, sequence)
        given[#given + 1] = { sequence, attempt, claimed[2][#claimed[2]] }
    end
end
if #given < limit then
    local fresh = call('XREADGROUP', 'GROUP', group, consumer, 'COUNT', limit - #given, 'STREAMS', KEYS[1], '>')
    for _, entry in ipairs(fresh and fresh[1][2] or {}) do
        local sequence = entry[1]:match('-(%d+)$')
        call('ZADD', KEYS[2], till, sequence)
        given[#given + 1] = { sequence, 1, entry[2][#entry[2]] }
    end
end
return given
