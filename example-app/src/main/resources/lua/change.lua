-- Replaces the entry of an idempotency key if it is the expected one; an empty new entry removes it.
-- KEYS: attempt; ARGV: expected, new entry, kept for (ms)
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return '0' end
if ARGV[2] == '' then redis.call('DEL', KEYS[1]) else redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3]) end
return '1'
