-- Says what became of a claimed event.
--
-- KEYS[1]  {prefix}outbox
-- KEYS[2]  {prefix}outbox:held:{group}
-- KEYS[3]  {prefix}outbox:resting:{group}
-- KEYS[4]  {prefix}outbox:dead:{group}     events given up, by sequence: '{sequence} {reason}'
-- KEYS[5]  {prefix}filling
-- ARGV[1]  seconds by which the shop's time is ahead of the server's
-- ARGV[2]  group
-- ARGV[3]  consumer
-- ARGV[4]  sequence
-- ARGV[5]  'done', 'retry' or 'dead'
-- ARGV[6]  the time of the next attempt, or the reason
--
-- Answers 1, or 0 when the consumer does not hold the event.
local call, sequence = redis.call, ARGV[4]
if call('EXISTS', KEYS[5]) == 1 then
    return redis.error_reply('FILLING a copy into this store was not finished')
end
local now = tonumber(call('TIME')[1]) + tonumber(ARGV[1])
local till = call('ZSCORE', KEYS[2], sequence)
if not till or tonumber(till) <= now then
    return 0
end
local id = '0-' .. sequence
local pending = call('XPENDING', KEYS[1], ARGV[2], id, id, 1)[1]
if not pending or pending[2] ~= ARGV[3] then
    return 0
end
call('ZREM', KEYS[2], sequence)
if ARGV[5] == 'retry' then
    call('ZADD', KEYS[3], ARGV[6], sequence)
else
    if ARGV[5] == 'dead' then
        call('ZADD', KEYS[4], sequence, sequence .. ' ' .. ARGV[6])
    else
        call('XACK', KEYS[1], ARGV[2], id)
    end
end
return 1
