-- Carries out plain commands that fill the store, as long as this filling is the present one.
--
-- KEYS[1]  {prefix}filling
-- ARGV[1]  the filling's id
-- ARGV[2…] how many words a command has, and the words; and so on
--
-- Answers 1, or 0 when another filling has begun or this one is finished; nothing was written then.
if redis.call('GET', KEYS[1]) ~= ARGV[1] then
    return 0
end
local at = 2
while ARGV[at] do
    local words = tonumber(ARGV[at])
    redis.call(unpack(ARGV, at + 1, at + words))
    at = at + words + 1
end
return 1
