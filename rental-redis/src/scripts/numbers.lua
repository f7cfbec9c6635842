-- A page of numbers, merged from several stretches of a listing.
--
-- KEYS[1]  the listing, a sorted set of numbers
-- ARGV[1]  prefix of numbers' keys
-- ARGV[2]  how many at most
-- ARGV[3…] of each stretch: the place after which it begins, and its last
--
-- Answers { document, … }, by digits: what remains of a place without the code of a state.
local call, key, prefix, rows = redis.call, KEYS[1], ARGV[1], ARGV[2]
local numbers
if #ARGV == 4 then
    numbers = call('ZRANGEBYSCORE', key, '(' .. ARGV[3], ARGV[4], 'LIMIT', '0', rows)
else
    local all, digits = {}, {}
    for i = 3, #ARGV, 2 do
        local found = call('ZRANGEBYSCORE', key, '(' .. ARGV[i], ARGV[i + 1], 'WITHSCORES', 'LIMIT', '0', rows)
        for j = 1, #found, 2 do
            all[#all + 1] = found[j]
            digits[found[j]] = found[j + 1] % 1e12
        end
    end
    table.sort(all, function(a, b) return digits[a] < digits[b] end)
    numbers = { unpack(all, 1, math.min(#all, tonumber(rows))) }
end
local documents = {}
for i = 1, #numbers do
    documents[i] = call('HGET', prefix .. numbers[i], 'doc')
end
return documents
