-- A stretch of the once-keys, those of commits left out.
--
-- KEYS[1]  {prefix}shop
-- ARGV[1]  prefix of every key
-- ARGV[2]  where the stretch begins, as SCAN says
-- ARGV[3]  about how many keys are looked at
--
-- Answers { where the next one begins, { {name, value, seconds since 1970 or -1}, … } }.
local prefix = ARGV[1] .. 'once:'
local scanned = redis.call('SCAN', ARGV[2], 'MATCH', prefix .. '*', 'COUNT', ARGV[3], 'TYPE', 'string')
local found = {}
for _, key in ipairs(scanned[2]) do
    local value = redis.call('GET', key)
    if value then
        found[#found + 1] = { key:sub(#prefix + 1), value, redis.call('EXPIRETIME', key) }
    end
end
return { scanned[1], found }
