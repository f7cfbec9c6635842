-- A page of invoices, payments or accounts, merged from several listings.
--
-- KEYS     the listings, each a sorted set in which all stand by the bytes of their text
-- ARGV[1]  prefix of the documents' keys
-- ARGV[2]  'asc' or 'desc'
-- ARGV[3]  where the page begins, as ZRANGEBYLEX and ZREVRANGEBYLEX write it
-- ARGV[4]  how many at most
-- ARGV[5]  what stands before the document's name in a member, as a pattern, or ''
--
-- Answers { {member, …}, {value, …} }, in the order asked for.
local call, rows = redis.call, tonumber(ARGV[4])
local ascending = ARGV[2] == 'asc'
local members = {}
for _, key in ipairs(KEYS) do
    local found
    if ascending then
        found = call('ZRANGEBYLEX', key, ARGV[3], '+', 'LIMIT', 0, rows)
    else
        found = call('ZREVRANGEBYLEX', key, ARGV[3], '-', 'LIMIT', 0, rows)
    end
    for _, member in ipairs(found) do
        members[#members + 1] = member
    end
end
if #KEYS > 1 then
    table.sort(members, function(a, b) return ascending == (a < b) and a ~= b end)
end
local values, page = {}, {}
for i = 1, math.min(#members, rows) do
    page[i] = members[i]
    values[i] = call('GET', ARGV[1] .. (members[i]:gsub('^' .. ARGV[5], '')))
end
return { page, values }
