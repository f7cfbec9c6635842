-- A page of numbers, merged from several stretches of a listing.
--
-- KEYS[1]  the listing, a sorted set of numbers
-- ARGV[1]  how many at most
-- ARGV[2…] of each stretch: the place after which it begins, and its last
--
-- Answers { number, … }, by digits: what remains of a place without the code of a state.
local all, digits = {}, {}
for i = 2, #ARGV, 2 do
    local found = redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. ARGV[i], ARGV[i + 1], 'WITHSCORES', 'LIMIT', '0', ARGV[1])
    for j = 1, #found, 2 do
        all[#all + 1] = found[j]
        digits[found[j]] = found[j + 1] % 1e12
    end
end
table.sort(all, function(a, b) return digits[a] < digits[b] end)
return { unpack(all, 1, math.min(#all, tonumber(ARGV[1]))) }
