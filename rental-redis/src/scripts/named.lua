-- A stretch of the notes that stay, or of the accounts, by name.
--
-- KEYS[1]  {prefix}index:notes or {prefix}index:accounts, a sorted set in which all stand by the bytes of their names
-- ARGV[1]  what stands before a name in its key
-- ARGV[2]  where the stretch begins, as ZRANGEBYLEX says
-- ARGV[3]  where it ends, likewise
-- ARGV[4]  how many it has at most
--
-- Answers { names, what each holds }.
local call = redis.call
local names = call('ZRANGEBYLEX', KEYS[1], ARGV[2], ARGV[3], 'LIMIT', 0, ARGV[4])
local keys = {}
for i, name in ipairs(names) do
    keys[i] = ARGV[1] .. name
end
return { names, #keys > 0 and call('MGET', unpack(keys)) or {} }
