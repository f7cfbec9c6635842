-- Marks the store as being filled, unless a shop stands in it.
--
-- KEYS[1]  {prefix}filling
-- KEYS[2]  {prefix}shop
-- ARGV[1]  the filling's id
-- ARGV[2]  '1' when the rest of the store was seen to be empty
--
-- Answers 1, or 0 when the store is not empty.
if redis.call('EXISTS', KEYS[1]) == 0 and (ARGV[2] ~= '1' or redis.call('EXISTS', KEYS[2]) == 1) then
    return 0
end
redis.call('SET', KEYS[1], ARGV[1])
return 1
