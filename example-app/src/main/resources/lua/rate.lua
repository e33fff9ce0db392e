-- Keeps all ratings of a submission, or none. All keys share the session's hash tag, so they live on one node.
-- KEYS: meta (hash), members (hash id -> name), open (set of raters), ratings (hash field -> JSON), attempt or none
-- ARGV: rater, now (ms), ratable after (ms since the start), kept for (ms since the start),
--       the attempt's entry while it is under way, its entry with the answer, then triples of ratee, field, JSON
local rater, now = ARGV[1], tonumber(ARGV[2])
local started = tonumber(redis.call('HGET', KEYS[1], 'started_at'))
if not started or redis.call('HEXISTS', KEYS[2], rater) == 0 then return 'SESSION_MISMATCH' end
for i = 7, #ARGV, 3 do
  if ARGV[i] == rater or redis.call('HEXISTS', KEYS[2], ARGV[i]) == 0 then return 'INVALID_RATING_TARGET' end
end
for i = 7, #ARGV, 3 do
  if redis.call('HEXISTS', KEYS[4], ARGV[i + 1]) == 1 then return 'RATING_ALREADY_EXISTS' end
end
if redis.call('SISMEMBER', KEYS[3], rater) == 0 then return 'SESSION_MISMATCH' end
if now - started < tonumber(ARGV[3]) then return 'SESSION_NOT_RATABLE' end
for i = 7, #ARGV, 3 do
  redis.call('HSET', KEYS[4], ARGV[i + 1], ARGV[i + 2])
end
local expires = string.format('%.0f', started + tonumber(ARGV[4]))
redis.call('PEXPIREAT', KEYS[4], expires)
if KEYS[5] and redis.call('GET', KEYS[5]) == ARGV[5] then
  redis.call('SET', KEYS[5], ARGV[6])
  redis.call('PEXPIREAT', KEYS[5], expires)
end
-- The rater is done once there is a rating for each other member: a field begins with the rater's own prefix.
local prefix, given = #rater .. ':' .. rater, 0
for _, field in ipairs(redis.call('HKEYS', KEYS[4])) do
  if string.sub(field, 1, #prefix) == prefix then given = given + 1 end
end
if given >= redis.call('HLEN', KEYS[2]) - 1 then redis.call('SREM', KEYS[3], rater) end
return 'OK'
