-- A page of invoices or payments, newest first, merged from several stretches of listings.
--
-- KEYS     of each stretch: its listing, a sorted set
-- ARGV[1]  prefix of the documents' keys
-- ARGV[2]  how many characters, from the end of a member, name its document
-- ARGV[3]  how many at most
-- ARGV[4]  how far stretches of one listing lie apart
-- ARGV[5]  the member after which the page begins, or ''
-- ARGV[6…] of each stretch: its last place, or where that member would stand in it; its first place
--
-- Answers { document, … }.
local call, rows, after = redis.call, tonumber(ARGV[3]), ARGV[5]
local members, place = {}, {}
local function take(found)
    for i = 1, #found, 2 do
        local member = found[i]
        members[#members + 1] = member
        place[member] = found[i + 1] % ARGV[4]
    end
end
for i, key in ipairs(KEYS) do
    local high, low = ARGV[4 + 2 * i], ARGV[5 + 2 * i]
    if after ~= '' then
        -- At the very place of that member, those that come after it.
        local found, rest = call('ZREVRANGEBYSCORE', key, high, high, 'WITHSCORES'), {}
        for j = 1, #found, 2 do
            if found[j] < after then
                rest[#rest + 1], rest[#rest + 2] = found[j], found[j + 1]
            end
        end
        take(rest)
        high = '(' .. high
    end
    take(call('ZREVRANGEBYSCORE', key, high, low, 'WITHSCORES', 'LIMIT', '0', ARGV[3]))
end
if #KEYS > 1 then
    table.sort(members, function(a, b)
        return place[a] > place[b] or place[a] == place[b] and a > b
    end)
end
local documents = {}
for i = 1, math.min(#members, rows) do
    documents[i] = call('GET', ARGV[1] .. members[i]:sub(-ARGV[2]))
end
return documents
