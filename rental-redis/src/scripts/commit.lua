-- Applies one change set: compares everything, then writes everything. Knows no rule.
--
-- Written flat, with few patterns, few words and no numbers as arguments of commands: it runs for every change of the
-- shop, and the server's processor is what limits how many there are.
--
-- KEYS[1]  {prefix}shop
-- KEYS[2]  {prefix}once:commits:{day}, of the day on which the commit was made: a hash of ids and times
-- KEYS[3]  {prefix}rental:{number}, or of no number
-- KEYS[4]  {prefix}lock:number:{number}, or of no number
-- KEYS[5]  {prefix}filling
-- KEYS[6…] once-keys in the order in which they are compared, payloads of new invoices among them; then keys of documents
--          that do not exist yet
--
-- ARGV     1 prefix of every key     2 seconds by which the shop's time is ahead of the server's
--          3 token of the lease under which it is done, or ''
--          4 the number, or ''       5 its version before        6 its text        7 its state
--          8 its place in listings   9 its customer, or '-'     10 its deadline, or ''
--         11 the commit's id        12 how many of KEYS[6…] are once-keys
--         13 how many texts follow: key, text, key, text, …  Documents come first: invoices, accounts, payment.
--    then  how many invoices; of each: version before, id, place in listings, customer
--          how many accounts; of each: version before, id
--          0 or 1 payment: version before, logical time, name in listings, outcome, reason, invoice or '-', whole coins, smallest
--          units beyond, customer of that invoice or '' when it is to be looked up, the names of both units in the sums
--          how many once-keys that end; of each: which, text, seconds since 1970
--          how many lines of history; if any, their key, the lines
--          how many events; their texts
--    then  any of: 'shop' | 'access', version before, version, document
--                  'chain' | 'chain:usdt', position before, position, document
--                  'audit', line
--                  'history', key, line (of another number)
--
-- A text begins with its version, then words that scripts read. Version 0 is that of a document that does not exist.
--
-- Answers { 0 } committed, { 1, i } once-key i is taken (0: the commit's own), { 2, until } locked, { 3 } conflict.
local call, K, A = redis.call, KEYS, ARGV
local prefix, number = A[1], A[4]

-- Why nothing is written. The commit's own id comes before every other reason.
local function refused(answer)
    local kept = call('HGET', K[2], A[11])
    if kept and call('TIME')[1] - kept < 86400 then
        call('HSET', K[2], A[11], kept) -- a write: whoever waits for the replicas waits for this commit too
        return { 1, 0 }
    end
    return answer
end

-- Once-keys; then the lock. When none of the keys exists, nothing stands against it.
if call('EXISTS', unpack(K, 4)) > 0 then
    if call('EXISTS', K[5]) == 1 then
        return redis.error_reply('FILLING a copy into this store was not finished')
    end
    for i = 6, 5 + A[12] do
        local taken = call('GET', K[i])
        if taken and K[i]:sub(#prefix + 1, #prefix + 8) == 'payload:' then
            for text = 14, 13 + A[13], 2 do
                if A[text] == K[i] and A[text + 1] == taken then
                    taken = false -- by this very invoice: its version decides
                end
            end
        end
        if taken then
            return refused({ 1, i - 5 })
        end
    end
    local holder = number ~= '' and call('GET', K[4])
    if holder and holder ~= A[3] then
        local ends = call('EXPIRETIME', K[4])
        return refused({ 2, ends < 0 and -1 or ends + A[2] })
    end
    for i = 6 + A[12], #K do
        if call('EXISTS', K[i]) == 1 then
            return refused({ 3 })
        end
    end
end

-- Versions.
local old_version, old_state, old_customer = '0', '', '-'
if number ~= '' then
    local old = call('HGET', K[3], 'doc')
    if old then
        old_version, old_state, old_customer = old:match('^(%d+) (%S+) (%S+)')
    end
    if old_version ~= A[5] then
        return refused({ 3 })
    end
end
local texts = tonumber(A[13])
local text, at = 14, 14 + texts
local invoice, invoices = at + 1, tonumber(A[at])
for i = invoice, invoice + 4 * invoices - 1, 4 do
    if A[i] ~= '0' and call('GETRANGE', A[text], '0', '19'):match('^%d+') ~= A[i] then
        return refused({ 3 })
    end
    text = text + 2
end
at = invoice + 4 * invoices
local account, accounts = at + 1, tonumber(A[at])
for i = account, account + 2 * accounts - 1, 2 do
    if A[i] ~= '0' and call('GETRANGE', A[text], '0', '19'):match('^%d+') ~= A[i] then
        return refused({ 3 })
    end
    text = text + 2
end
at = account + 2 * accounts
local payment, old_outcome, old_reason, old_invoice = at + 1, nil, '-', '-'
local pays = A[at] == '1'
at = at + 1
if pays then
    if A[payment] ~= '0' then
        local version
        version, old_outcome, old_reason, old_invoice =
            call('GETRANGE', A[text], '0', '90'):match('^(%d+) (%S+) (%S+) (%S+)')
        if version ~= A[payment] then
            return refused({ 3 })
        end
    end
    at = at + 11
end
local ending, endings = at + 1, tonumber(A[at])
at = ending + 3 * endings
local line, lines = at + 1, tonumber(A[at])
at = lines > 0 and line + 1 + lines or line
local event, events = at + 1, tonumber(A[at])
local rare = event + events
at = rare
while A[at] do
    local kind = A[at]
    if kind == 'audit' then
        at = at + 2
    elseif kind == 'history' then
        at = at + 3
    else
        local field = kind == 'shop' and 'version' or kind == 'access' and 'access_version'
            or kind == 'chain' and 'position' or 'position:usdt'
        if (call('HGET', K[1], field) or '0') ~= A[at + 1] then
            return refused({ 3 })
        end
        at = at + 4
    end
end

-- From here on everything is written.
local time = call('TIME')[1]
if call('HSETNX', K[2], A[11], time) == 0 then
    local again = refused(false)
    if again then
        return again
    end
    call('HSET', K[2], A[11], time)
end
if texts > 0 then
    call('MSET', unpack(A, 14, 13 + texts))
end
for i = ending, ending + 3 * endings - 1, 3 do
    call('SET', K[6 + A[i]], A[i + 1], 'EXAT', string.format('%.0f', math.max(1, A[i + 2] - A[2])))
end

if number ~= '' then
    local customer = A[9]
    call('HSET', K[3], 'doc', A[6])
    if old_state ~= A[7] then
        call('ZADD', prefix .. 'index:numbers', A[8], number)
    end
    if old_customer ~= customer then
        local index, digits = prefix .. 'index:numbers:', number:sub(2)
        if old_customer ~= '-' then
            call('ZREM', index .. 'customer:' .. old_customer, number)
            local integrator = old_customer:match('^api:([^:]+)')
            if integrator then
                call('ZREM', index .. 'integrator:' .. integrator, number)
            end
        end
        if customer ~= '-' then
            call('ZADD', index .. 'customer:' .. customer, digits, number)
            local integrator = customer:match('^api:([^:]+)')
            if integrator then
                call('ZADD', index .. 'integrator:' .. integrator, digits, number)
            end
        end
    end
    if A[10] ~= '' then
        call('ZADD', prefix .. 'expiry:zset', A[10], number)
    elseif old_version ~= '0' then
        call('ZREM', prefix .. 'expiry:zset', number)
    end
end

for i = invoice, invoice + 4 * invoices - 1, 4 do
    local id, place = A[i + 1], A[i + 2]
    call('ZADD', prefix .. 'index:invoices', place, id)
    if A[i] == '0' then
        local index, moment, customer = prefix .. 'index:invoices:', place:sub(2), A[i + 3]
        call('ZADD', index .. 'customer:' .. customer, moment, id)
        local integrator = customer:match('^api:([^:]+)')
        if integrator then
            call('ZADD', index .. 'integrator:' .. integrator, moment, id)
        end
    end
end

for i = account, account + 2 * accounts - 1, 2 do
    if A[i] == '0' then
        call('ZADD', prefix .. 'index:accounts', '0', A[i + 1])
    end
end

if pays then
    local lt, name, outcome, reason, named = unpack(A, payment + 1, payment + 5)
    local index = prefix .. 'index:payments:'
    if old_outcome ~= outcome then
        if old_outcome then
            call('ZREM', index .. old_outcome, name)
        end
        call('ZADD', index .. outcome, lt, name)
        for i = 6, 7 do
            local amount = A[payment + i]
            if amount ~= '0' then
                local unit = ':' .. A[payment + i + 3]
                if old_outcome then
                    call('HINCRBY', index .. 'sums', old_outcome .. unit, '-' .. amount)
                end
                call('HINCRBY', index .. 'sums', outcome .. unit, amount)
            end
        end
    end
    if old_reason ~= reason then
        if old_reason ~= '-' then
            call('ZREM', index .. 'reason:' .. old_reason, name)
        end
        if reason ~= '-' then
            call('ZADD', index .. 'reason:' .. reason, lt, name)
        end
    end
    if old_invoice ~= named then
        -- Whose invoice it named before, and whose it names.
        local function customer_of(id)
            return call('GETRANGE', prefix .. 'invoice:' .. id, '0', '200'):match('^%d+ %S+ %S+ (%S+)')
        end
        local former = old_invoice ~= '-' and customer_of(old_invoice)
        if former then
            call('ZREM', index .. 'customer:' .. former, name)
            local integrator = former:match('^api:([^:]+)')
            if integrator then
                call('ZREM', index .. 'integrator:' .. integrator, name)
            end
        end
        local customer = A[payment + 8]
        if customer == '' and named ~= '-' then
            customer = customer_of(named) or ''
        end
        if customer ~= '' then
            call('ZADD', index .. 'customer:' .. customer, lt, name)
            local integrator = customer:match('^api:([^:]+)')
            if integrator then
                call('ZADD', index .. 'integrator:' .. integrator, lt, name)
            end
        end
    end
end

if lines > 0 then
    call('RPUSH', unpack(A, line, line + lines))
end
for i = event, event + events - 1 do
    call('XADD', prefix .. 'outbox', '0-*', 'doc', A[i])
end
at = rare
while A[at] do
    local kind = A[at]
    if kind == 'audit' then
        call('XADD', prefix .. 'audit:admin', '0-*', 'doc', A[at + 1])
        at = at + 2
    elseif kind == 'history' then
        call('RPUSH', A[at + 1], A[at + 2])
        at = at + 3
    else
        if kind == 'shop' then
            call('HSET', K[1], 'layout', '2', 'version', A[at + 2], 'doc', A[at + 3])
        elseif kind == 'access' then
            call('HSET', K[1], 'access_version', A[at + 2], 'access', A[at + 3])
        elseif kind == 'chain' then
            call('HSET', K[1], 'position', A[at + 2], 'chain', A[at + 3])
        else
            call('HSET', K[1], 'position:usdt', A[at + 2], 'chain:usdt', A[at + 3])
        end
        at = at + 4
    end
end
return { 0 }
