-- Moves the end of a lease that the token holds.
--
-- KEYS[1]  {prefix}lock:…
-- ARGV[1]  token
-- ARGV[2]  seconds from now
--
-- Answers 1, or 0 when the token does not hold the lease.
if redis.call('GET', KEYS[1]) ~= ARGV[1] then
    return 0
end
local ends = tonumber(redis.call('TIME')[1]) + tonumber(ARGV[2])
return redis.call('EXPIREAT', KEYS[1], string.format('%.0f', ends))
