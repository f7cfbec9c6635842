-- Gives a lease back.
--
-- KEYS[1]  {prefix}lock:…
-- ARGV[1]  token
-- ARGV[2]  '1' when this is sent again because the first answer was lost
--
-- Answers 1, or 0 when the token does not hold the lease.
local holder = redis.call('GET', KEYS[1])
if holder == ARGV[1] then
    return redis.call('DEL', KEYS[1])
end
return (ARGV[2] == '1' and not holder) and 1 or 0
