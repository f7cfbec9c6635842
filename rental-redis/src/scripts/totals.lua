-- Figures about the whole shop.
--
-- KEYS[1]  {prefix}index:payments:sums
-- KEYS…    sorted sets to count
--
-- Answers { {field, sum, …}, count, … }.
local answer = { redis.call('HGETALL', KEYS[1]) }
for i = 2, #KEYS do
    answer[i] = redis.call('ZCARD', KEYS[i])
end
return answer
