-- Counts a request at an even pace (GCRA). The key holds the theoretical arrival time of the next request.
--
-- KEYS[1]  {prefix}pace:{subject}
-- ARGV[1]  requests per window
-- ARGV[2]  the window's seconds
--
-- Answers { allowed, remaining, seconds until all is allowed again, or when refused until one request is }. The
-- arithmetic is that of `Quota::admit` in rental-core.
local call = redis.call
local time = call('TIME')
local now = tonumber(time[1]) * 1000000 + tonumber(time[2])
local limit = tonumber(ARGV[1])
local interval = math.max(1, math.floor(tonumber(ARGV[2]) * 1000000 / limit))
local burst = interval * limit
local backlog = math.max(0, tonumber(call('GET', KEYS[1]) or '0') - now) + interval
if backlog > burst then
    return { 0, 0, math.ceil((backlog - burst) / 1000000) }
end
local arrival = now + backlog
call('SET', KEYS[1], string.format('%.0f', arrival), 'PXAT', string.format('%.0f', math.ceil(arrival / 1000)))
return { 1, math.floor((burst - backlog) / interval), math.ceil(backlog / 1000000) }
