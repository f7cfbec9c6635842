-- Makes the filled store a shop.
--
-- KEYS[1]  {prefix}filling
-- ARGV[1]  the filling's id
--
-- Answers 1, or 0 when another filling has begun or this one is finished.
if redis.call('GET', KEYS[1]) ~= ARGV[1] then
    return 0
end
return redis.call('DEL', KEYS[1])
