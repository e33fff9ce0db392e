-- Adds a session to a person's index, drops what has expired, and keeps the index as long as its last session.
-- KEYS: sessions (sorted set by expiry); ARGV: session, expires at (ms), now (ms)
redis.call('ZADD', KEYS[1], ARGV[2], ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[3])
local last = redis.call('ZREVRANGE', KEYS[1], 0, 0, 'WITHSCORES')
if last[2] then redis.call('PEXPIREAT', KEYS[1], string.format('%.0f', tonumber(last[2]))) end
return 'OK'
