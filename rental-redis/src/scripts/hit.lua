-- Counts a request in a fixed window.
--
-- KEYS[1]  {prefix}rate:{subject}
-- ARGV[1]  requests per window
-- ARGV[2]  the window's seconds
--
-- Answers { allowed, remaining, seconds until the window ends }.
local call, limit = redis.call, tonumber(ARGV[1])
local now = tonumber(call('TIME')[1])
local used = tonumber(call('GET', KEYS[1]) or '0')
local ends = call('EXPIRETIME', KEYS[1])
local endless = ends < 0
if endless then
    ends = now + tonumber(ARGV[2])
end
local allowed = used < limit and 1 or 0
if allowed == 1 then
    used = call('INCR', KEYS[1])
end
if endless then
    -- A new window; or a counter without an end, which somebody else must have made.
    call('EXPIREAT', KEYS[1], string.format('%.0f', ends))
end
return { allowed, math.max(0, limit - used), math.max(1, ends - now) }
