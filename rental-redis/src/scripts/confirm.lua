-- Says which commits are here, and writes once after all of them: a WAIT behind it waits for them, too.
--
-- KEYS  {prefix}once:commits:{day}, for each commit
-- ARGV  the commits' ids
--
-- Answers { 1 or 0, … }.
local call = redis.call
local here, last, time = {}, 0, nil
for i, key in ipairs(KEYS) do
    local found = call('HGET', key, ARGV[i])
    here[i] = found and 1 or 0
    if found then
        last, time = i, found
    end
end
if time then
    call('HSET', KEYS[last], ARGV[last], time)
end
return here
