-- Seats a table, with an expiry on each of its keys from the first moment.
-- KEYS: meta (hash), members (hash id -> name), open (set of raters)
-- ARGV: started at (ms), expires at (ms), then pairs of id and name
redis.call('HSET', KEYS[1], 'started_at', ARGV[1])
for i = 3, #ARGV, 2 do
  redis.call('HSET', KEYS[2], ARGV[i], ARGV[i + 1])
  redis.call('SADD', KEYS[3], ARGV[i])
end
for _, key in ipairs(KEYS) do
  redis.call('PEXPIREAT', key, ARGV[2])
end
return 'OK'
