-- Takes a lease that nobody has.
--
-- KEYS[1]  {prefix}lock:…
-- ARGV[1]  seconds by which the shop's time is ahead of the server's
-- ARGV[2]  token
-- ARGV[3]  seconds
-- ARGV[4]  '1' when this is sent again because the first answer was lost
--
-- Answers the lease's end in the shop's time, or nil when somebody has it.
local call = redis.call
local ends = tonumber(call('TIME')[1]) + tonumber(ARGV[3])
local answer = string.format('%.0f', ends + tonumber(ARGV[1]))
if call('SET', KEYS[1], ARGV[2], 'NX', 'EXAT', string.format('%.0f', ends)) then
    return answer
end
if ARGV[4] == '1' and call('GET', KEYS[1]) == ARGV[2] then
    return string.format('%.0f', call('EXPIRETIME', KEYS[1]) + tonumber(ARGV[1]))
end
return nil
