-- A page of the events that a group was given and is not done with.
--
-- KEYS[1]  {prefix}outbox
-- KEYS[2]  {prefix}outbox:held:{group}
-- KEYS[3]  {prefix}outbox:resting:{group}
-- KEYS[4]  {prefix}outbox:dead:{group}
-- ARGV[1]  group
-- ARGV[2]  sequence after which the page begins
-- ARGV[3]  how many at most
--
-- Answers { {sequence, attempt, end of the hold or rest or '', reason or nil}, … }, by sequence.
local call, found = redis.call, {}
for _, pending in ipairs(call('XPENDING', KEYS[1], ARGV[1], '(0-' .. ARGV[2], '+', ARGV[3])) do
    local sequence = pending[1]:match('-(%d+)$')
    local till = call('ZSCORE', KEYS[2], sequence) or call('ZSCORE', KEYS[3], sequence)
    local dead = call('ZRANGEBYSCORE', KEYS[4], sequence, sequence)[1]
    found[#found + 1] = { sequence, pending[4], till or '', dead and dead:match('^%d+ (.*)$') }
end
return found
