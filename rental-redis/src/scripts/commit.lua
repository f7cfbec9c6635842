-- Applies one change set: compares everything, then writes everything. Knows no rule.
--
-- Written flat, without functions and with few patterns: it runs for every change of the shop, and the server's
-- processor is what limits how many there are.
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
--          4 the number, or ''       5 its version before        6 its version      7 its document
--          8 its summary             9 its state                10 its customer, or '-'
--         11 its deadline, or ''    12 its place in listings
--         13 the commit's id        14 how many of KEYS[6…] are once-keys
--         15 how many texts follow: key, text, key, text, …  Documents come first: invoices, accounts, payment.
--    then  how many invoices; of each: version before, id, status, customer
--          how many accounts; of each: version before, id
--          0 or 1 payment: version before, place, outcome, reason, invoice or '-', whole coins, smallest units beyond,
--          customer of that invoice or '' when it is to be looked up, the names of both units in the sums
--          how many once-keys that end; of each: which, text, seconds since 1970
--          how many lines of history, their key, the lines
--          how many events; of each: time, document
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
local time = call('TIME')[1]

-- Once-keys, the commit's own first; then the lock. When none of the keys exists, nothing stands against it.
local kept = call('HGET', K[2], A[13])
if kept and time - kept < 86400 then
    call('HSET', K[2], A[13], kept) -- a write: whoever waits for the replicas waits for this commit too
    return { 1, 0 }
end
if call('EXISTS', unpack(K, 4)) > 0 then
    if call('EXISTS', K[5]) == 1 then
        return redis.error_reply('FILLING a copy into this store was not finished')
    end
    for i = 6, 5 + A[14] do
        local taken = call('GET', K[i])
        if taken and K[i]:sub(#prefix + 1, #prefix + 8) == 'payload:' then
            for text = 16, 15 + A[15], 2 do
                if A[text] == K[i] and A[text + 1] == taken then
                    taken = false -- by this very invoice: its version decides
                end
            end
        end
        if taken then
            return { 1, i - 5 }
        end
    end
    local holder = number ~= '' and call('GET', K[4])
    if holder and holder ~= A[3] then
        local ends = call('EXPIRETIME', K[4])
        return { 2, ends < 0 and -1 or ends + A[2] }
    end
    for i = 6 + A[14], #K do
        if call('EXISTS', K[i]) == 1 then
            return { 3 }
        end
    end
end

-- Versions.
local old
if number ~= '' then
    old = call('HMGET', K[3], 'version', 'summary')
    if (old[1] or '0') ~= A[5] then
        return { 3 }
    end
end
local texts = tonumber(A[15])
local text, at = 16, 16 + texts
local invoice, invoices = at + 1, tonumber(A[at])
local old_status = {}
for i = 1, invoices do
    at = invoice + 4 * i - 4
    if A[at] ~= '0' then
        local version, status = call('GETRANGE', A[text], 0, 40):match('^(%d+) (%S+)')
        if version ~= A[at] then
            return { 3 }
        end
        old_status[i] = status
    end
    text = text + 2
end
at = invoice + 4 * invoices
local account, accounts = at + 1, tonumber(A[at])
for i = 1, accounts do
    local before = A[account + 2 * i - 2]
    if before ~= '0' and call('GETRANGE', A[text], 0, 20):match('^%d+') ~= before then
        return { 3 }
    end
    text = text + 2
end
at = account + 2 * accounts
local payment, old_outcome, old_reason, old_invoice = at + 1, nil, nil, nil
local pays = A[at] == '1'
at = at + 1
if pays then
    if A[payment] ~= '0' then
        local version
        version, old_outcome, old_reason, old_invoice =
            call('GETRANGE', A[text], 0, 90):match('^(%d+) (%S+) (%S+) (%S+)')
        if version ~= A[payment] then
            return { 3 }
        end
    end
    at = at + 10
end
local ending, endings = at + 1, tonumber(A[at])
local line = ending + 3 * endings
local lines = tonumber(A[line])
local event = line + lines + 2
local events = tonumber(A[event])
local rare = event + 2 * events + 1
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
            return { 3 }
        end
        at = at + 4
    end
end

-- From here on everything is written.
call('HSET', K[2], A[13], time)
if texts > 0 then
    call('MSET', unpack(A, 16, 15 + texts))
end
for i = ending, ending + 3 * endings - 1, 3 do
    call('SET', K[6 + A[i]], A[i + 1], 'EXAT', string.format('%.0f', math.max(1, A[i + 2] - A[2])))
end

if number ~= '' then
    local summary, state, customer = A[8], A[9], A[10]
    local was = old[2] or (old[1] and 'available - -')
    if was == summary then
        call('HSET', K[3], 'version', A[6], 'doc', A[7])
    else
        local old_state, old_customer = '', '-'
        if was then
            old_state, old_customer = was:match('^(%S+) (%S+)')
        end
        if was or summary ~= 'available - -' then
            call('HSET', K[3], 'version', A[6], 'doc', A[7], 'summary', summary)
        else
            call('HSET', K[3], 'version', A[6], 'doc', A[7])
        end
        local index = prefix .. 'index:numbers:'
        if old_state ~= state then
            if old_state ~= '' then
                call('ZREM', index .. old_state, number)
            end
            call('ZADD', index .. state, A[12], number)
        end
        if old_customer ~= customer then
            if old_customer ~= '-' then
                call('ZREM', index .. 'customer:' .. old_customer, number)
                local integrator = old_customer:match('^api:([^:]+)')
                if integrator then
                    call('ZREM', index .. 'integrator:' .. integrator, number)
                end
            end
            if customer ~= '-' then
                call('ZADD', index .. 'customer:' .. customer, A[12], number)
                local integrator = customer:match('^api:([^:]+)')
                if integrator then
                    call('ZADD', index .. 'integrator:' .. integrator, A[12], number)
                end
            end
        end
    end
    if A[11] ~= '' then
        call('ZADD', prefix .. 'expiry:zset', A[11], number)
    elseif was then
        call('ZREM', prefix .. 'expiry:zset', number)
    end
end

for i = 1, invoices do
    at = invoice + 4 * i - 3
    local id, status, was = A[at], A[at + 1], old_status[i]
    if was ~= status then
        local index = prefix .. 'index:invoices:'
        if was then
            call('ZREM', index .. was, id)
        else
            local customer = A[at + 2]
            call('ZADD', index .. 'customer:' .. customer, 0, id)
            local integrator = customer:match('^api:([^:]+)')
            if integrator then
                call('ZADD', index .. 'integrator:' .. integrator, 0, id)
            end
        end
        call('ZADD', index .. status, 0, id)
    end
end

for i = account, account + 2 * accounts - 1, 2 do
    if A[i] == '0' then
        call('ZADD', prefix .. 'index:accounts', 0, A[i + 1])
    end
end

if pays then
    local place, outcome, reason, named = A[payment + 1], A[payment + 2], A[payment + 3], A[payment + 4]
    local index = prefix .. 'index:payments:'
    if old_outcome ~= outcome then
        if old_outcome then
            call('ZREM', index .. old_outcome, place)
        end
        call('ZADD', index .. outcome, 0, place)
        for i = 5, 6 do
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
    if (old_reason or '-') ~= reason then
        if old_reason and old_reason ~= '-' then
            call('ZREM', index .. 'reason:' .. old_reason, place)
        end
        if reason ~= '-' then
            call('ZADD', index .. 'reason:' .. reason, 0, place)
        end
    end
    if (old_invoice or '-') ~= named then
        -- Whose invoice it named before, and whose it names.
        local function customer_of(id)
            return call('GETRANGE', prefix .. 'invoice:' .. id, 0, 200):match('^%d+ %S+ %S+ (%S+)')
        end
        local former = old_invoice and old_invoice ~= '-' and customer_of(old_invoice)
        if former then
            call('ZREM', index .. 'customer:' .. former, place)
            local integrator = former:match('^api:([^:]+)')
            if integrator then
                call('ZREM', index .. 'integrator:' .. integrator, place)
            end
        end
        local customer = A[payment + 7]
        if customer == '' and named ~= '-' then
            customer = customer_of(named) or ''
        end
        if customer ~= '' then
            call('ZADD', index .. 'customer:' .. customer, 0, place)
            local integrator = customer:match('^api:([^:]+)')
            if integrator then
                call('ZADD', index .. 'integrator:' .. integrator, 0, place)
            end
        end
    end
end

if lines > 0 then
    call('RPUSH', A[line + 1], unpack(A, line + 2, line + 1 + lines))
end
for i = event + 1, event + 2 * events, 2 do
    call('XADD', prefix .. 'outbox', '0-*', 'at', A[i], 'doc', A[i + 1])
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
            call('HSET', K[1], 'layout', 1, 'version', A[at + 2], 'doc', A[at + 3])
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
