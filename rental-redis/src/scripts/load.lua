-- Loads documents and what belongs to them, in one consistent cut. Follows references, knows no rule.
--
-- KEYS[1]  {prefix}shop
-- KEYS[2]  {prefix}filling
-- KEYS[3…] what is asked for, as far as its key is known: a once-key, a payment, a payload, an invoice, accounts
-- ARGV[1]  prefix of every key
-- ARGV[2]  seconds by which the shop's time is ahead of the server's
-- ARGV[3]  a number, or ''
-- ARGV[4]  '1' to bring admins and keys
-- ARGV[5]  a commit whose record is wanted, or ''
-- ARGV[6]  the hash that has it, or ''
-- ARGV[7]  which of KEYS is the once-key, or 0
-- ARGV[8]  which of KEYS is the payment, or 0
-- ARGV[9]  which of KEYS is the payload, or 0
-- ARGV[10] which of KEYS is the invoice, or 0
-- ARGV[11…] the customers whose accounts end KEYS, in the same order
--
-- Answers { seconds since 1970, {shop, chain of TON, chain of USDT, access}, once, payment, number, {invoices}, {accounts} };
-- what does not exist is nil in its place.
local call, K, A, prefix = redis.call, KEYS, ARGV, ARGV[1]
local now = call('TIME')[1] + A[2]

local found = call('MGET', unpack(K, 2))
if found[1] then
    return redis.error_reply('FILLING a copy into this store was not finished')
end
local invoices, accounts, brought, more = {}, {}, {}, {}
for i = 11, #A do
    brought[A[i]] = true
    accounts[i - 10] = found[#K - #A + i - 1]
end
local function want_account(customer)
    if not brought[customer] then
        brought[customer] = true
        more[#more + 1] = prefix .. 'account:' .. customer
    end
end
-- Takes an invoice in; answers its number.
local waiting = '-'
local function take_invoice(text)
    local its_number, customer, its_payment = text:match('^%d+ %S+ (%S+) (%S+) (%S+) ')
    invoices[#invoices + 1] = text
    want_account(customer)
    if waiting == '-' then
        waiting = its_payment
    end
    return its_number
end

local head
if A[4] == '1' then
    head = call('HMGET', K[1], 'doc', 'chain', 'chain:usdt', 'access')
else
    head = call('HMGET', K[1], 'doc', 'chain', 'chain:usdt')
end
local once = found[A[7] - 1] or false
if A[5] ~= '' then
    local kept = call('HGET', A[6], A[5])
    once = kept and now - A[2] - kept < 86400 and ''
end

local number, payment, id = A[3], found[A[8] - 1] or false, nil
local invoice = found[A[10] - 1]
if A[10] ~= '0' then
    id = K[A[10] + 0]:sub(#prefix + 9)
elseif A[9] ~= '0' then
    id = found[A[9] - 1]
elseif payment then
    id = payment:match('^%d+ %S+ %S+ (%S+) ')
end
if id and not invoice and A[10] == '0' then
    invoice = call('GET', prefix .. 'invoice:' .. id)
end
if invoice then
    local its_number = take_invoice(invoice)
    if number == '' then
        number = its_number
    end
end

local record = false
if number ~= '' then
    record = call('HGET', prefix .. 'rental:' .. number, 'doc')
    if record then
        local customer, open = record:match('^%d+ %S+ (%S+) (%S+)')
        if customer ~= '-' then
            want_account(customer)
        end
        if open ~= '-' and not (invoice and open == id) then
            local its_invoice = call('GET', prefix .. 'invoice:' .. open)
            if its_invoice then
                take_invoice(its_invoice)
            end
        end
    end
end
if A[8] == '0' and waiting ~= '-' then
    payment = call('GET', prefix .. 'payment:' .. waiting)
end

if #more == 1 then
    accounts[#A - 9] = call('GET', more[1])
elseif #more > 1 then
    for _, account in ipairs(call('MGET', unpack(more))) do
        accounts[#accounts + 1] = account
    end
end
return { now, head, once, payment, record, invoices, accounts }
