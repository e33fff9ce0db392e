-- Writes the entry of an idempotency key unless there is one; answers the one that there was.
-- KEYS: attempt; ARGV: entry, kept for (ms)
local known = redis.call('GET', KEYS[1])
if known then return known end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return false
