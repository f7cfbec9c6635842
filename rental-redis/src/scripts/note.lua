-- Writes a note when what is there is as expected.
--
-- KEYS[1]  {prefix}note:{name}
-- KEYS[2]  {prefix}index:notes
-- KEYS[3]  {prefix}filling
-- ARGV[1]  name
-- ARGV[2]  version, never used before
-- ARGV[3]  text
-- ARGV[4]  what has to be there: 'none', a version, or '' for anything
-- ARGV[5]  seconds for which the note is kept, or '' for one that stays
--
-- Answers 1, also when this very writing was done before; otherwise what is there, nil for nothing.
local call = redis.call
if call('EXISTS', KEYS[3]) == 1 then
    return redis.error_reply('FILLING a copy into this store was not finished')
end
local held = call('GET', KEYS[1])
local version = held and held:match('^%d+') or 'none'
if version == ARGV[2] then
    return 1
end
if ARGV[4] ~= '' and ARGV[4] ~= version then
    return held
end
local note = ARGV[2] .. ' ' .. ARGV[3]
if ARGV[5] == '' then
    call('SET', KEYS[1], note)
    call('ZADD', KEYS[2], 0, ARGV[1])
else
    local ends = tonumber(call('TIME')[1]) + tonumber(ARGV[5])
    call('SET', KEYS[1], note, 'EXAT', string.format('%.0f', ends))
    if held then
        call('ZREM', KEYS[2], ARGV[1])
    end
end
return 1
