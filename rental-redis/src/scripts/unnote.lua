-- Removes a note.
--
-- KEYS[1]  {prefix}note:{name}
-- KEYS[2]  {prefix}index:notes
-- KEYS[3]  {prefix}filling
-- ARGV[1]  name
--
-- Answers 1, or 0 when there was none.
local call = redis.call
if call('EXISTS', KEYS[3]) == 1 then
    return redis.error_reply('FILLING a copy into this store was not finished')
end
call('ZREM', KEYS[2], ARGV[1])
return call('DEL', KEYS[1])
