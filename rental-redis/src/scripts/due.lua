-- Numbers whose deadline has come.
--
-- KEYS[1]  {prefix}expiry:zset
-- ARGV[1]  seconds by which the shop's time is ahead of the server's
-- ARGV[2]  deadline after which the page begins, or ''; its own numbers come whole, for the caller to go on among them
-- ARGV[3]  how many at most beyond that deadline's own
--
-- Answers { number, deadline, number, deadline, … }, by deadline; the last deadline comes whole.
local call = redis.call
local now = tonumber(call('TIME')[1]) + tonumber(ARGV[1])
local after, limit = ARGV[2], tonumber(ARGV[3])
local found, from = {}, '-inf'
if after ~= '' then
    if tonumber(after) <= now then
        found = call('ZRANGEBYSCORE', KEYS[1], after, after, 'WITHSCORES')
    end
    from = '(' .. after
end
local rest = call('ZRANGEBYSCORE', KEYS[1], from, now, 'WITHSCORES', 'LIMIT', 0, limit)
if #rest == 2 * limit and limit > 0 then
    local last = rest[#rest]
    while rest[#rest] == last do
        rest[#rest] = nil
        rest[#rest] = nil
    end
    for _, member in ipairs(call('ZRANGEBYSCORE', KEYS[1], last, last, 'WITHSCORES')) do
        rest[#rest + 1] = member
    end
end
for _, member in ipairs(rest) do
    found[#found + 1] = member
end
return found
