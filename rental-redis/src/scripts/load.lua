-- Loads documents and what belongs to them, in one consistent cut. Follows references, knows no rule.
--
-- KEYS[1]  {prefix}shop
-- ARGV[1]  prefix of every key
-- ARGV[2]  a number, or ''
-- ARGV[3]  an invoice's id, or ''
-- ARGV[4]  an invoice's payload, or ''
-- ARGV[5]  a transaction's hash, or ''
-- ARGV[6]  what stands after 'once:' in the key of a once-key, or ''
-- ARGV[7]  '1' to bring admins and keys
-- ARGV[8]  which commit is wanted of that key, or ''
-- ARGV[9]  seconds by which the shop's time is ahead of the server's
-- ARGV[10…] customers whose accounts are wanted
--
-- Answers { seconds since 1970, {shop, chain of TON, chain of USDT, access}, once, payment, number, {invoices}, {accounts} }; what does not exist is
-- nil in its place.
local call, prefix = redis.call, ARGV[1]
local now = call('TIME')[1] + ARGV[9]
local id, payload, tx = ARGV[3], ARGV[4], ARGV[5]
local invoices, customers, accounts = {}, {}, {}
local loaded, waiting = {}, nil

if call('EXISTS', prefix .. 'filling') == 1 then
    return redis.error_reply('FILLING a copy into this store was not finished')
end

local function want_account(customer)
    if not loaded[customer] then
        loaded[customer] = true
        customers[#customers + 1] = prefix .. 'account:' .. customer
    end
end

-- Brings an invoice; answers its number.
local function bring_invoice(wanted)
    local found = call('GET', prefix .. 'invoice:' .. wanted)
    if not found then
        return nil
    end
    local number, customer, tx_waiting = found:match('^%d+ %S+ (%S+) (%S+) (%S+) ')
    invoices[#invoices + 1] = found
    loaded[wanted] = true
    want_account(customer)
    if not waiting and tx_waiting ~= '-' then
        waiting = tx_waiting
    end
    return number
end

local head
if ARGV[7] == '1' then
    head = call('HMGET', KEYS[1], 'doc', 'chain', 'chain:usdt', 'access')
else
    head = call('HMGET', KEYS[1], 'doc', 'chain', 'chain:usdt')
end
local once = false
if ARGV[8] ~= '' then
    local kept = call('HGET', prefix .. 'once:' .. ARGV[6], ARGV[8])
    once = kept and now - ARGV[9] - kept < 86400 and ''
elseif ARGV[6] ~= '' then
    once = call('GET', prefix .. 'once:' .. ARGV[6])
end

local payment = tx ~= '' and call('GET', prefix .. 'payment:' .. tx)
if payload ~= '' then
    id = call('GET', prefix .. 'payload:' .. payload) or ''
elseif id == '' and payment then
    local named = payment:match('^%d+ %S+ %S+ (%S+) ')
    id = named ~= '-' and named or ''
end
local number = ARGV[2]
if id ~= '' then
    local its_number = bring_invoice(id)
    if number == '' then
        number = its_number or ''
    end
end

local record = false
if number ~= '' then
    local fields = call('HMGET', prefix .. 'rental:' .. number, 'doc', 'summary')
    record = fields[1]
    if fields[2] then
        local customer, open = fields[2]:match('^%S+ (%S+) (%S+)')
        if customer ~= '-' then
            want_account(customer)
        end
        if open ~= '-' and not loaded[open] then
            bring_invoice(open)
        end
    end
end
if tx == '' and waiting then
    payment = call('GET', prefix .. 'payment:' .. waiting)
end

for i = 10, #ARGV do
    want_account(ARGV[i])
end
if #customers == 1 then
    accounts[1] = call('GET', customers[1])
elseif #customers > 1 then
    accounts = call('MGET', unpack(customers))
end
return { now, head, once, payment, record, invoices, accounts }
