-- Figures about the whole shop.
--
-- KEYS[1]  {prefix}index:payments:sums
-- KEYS[2…] sorted sets in which to count
-- ARGV     of each sorted set: the first place that counts, and the last
--
-- Answers { {field, sum, …}, count, … }.
local answer = { redis.call('HGETALL', KEYS[1]) }
for i = 2, #KEYS do
    answer[i] = redis.call('ZCOUNT', KEYS[i], ARGV[2 * i - 3], ARGV[2 * i - 2])
end
return answer
