-- A page of numbers, merged from several listings.
--
-- KEYS     the listings, each a sorted set of numbers by their digits
-- ARGV[1]  prefix of every key
-- ARGV[2]  digits after which the page begins
-- ARGV[3]  how many at most
--
-- Answers { {number, …}, {document, …} }, by number.
local call, rows = redis.call, tonumber(ARGV[3])
local numbers, place = {}, {}
for _, key in ipairs(KEYS) do
    local found = call('ZRANGEBYSCORE', key, '(' .. ARGV[2], '+inf', 'WITHSCORES', 'LIMIT', 0, rows)
    for i = 1, #found, 2 do
        if not place[found[i]] then
            place[found[i]] = tonumber(found[i + 1])
            numbers[#numbers + 1] = found[i]
        end
    end
end
if #KEYS > 1 then
    table.sort(numbers, function(a, b) return place[a] < place[b] end)
end
local documents, page = {}, {}
for i = 1, math.min(#numbers, rows) do
    page[i] = numbers[i]
    documents[i] = call('HGET', ARGV[1] .. 'rental:' .. numbers[i], 'doc')
end
return { page, documents }
