-- Keeps all ratings of a submission, or none. All keys share the session's hash tag, so they live on one node.
-- KEYS: meta (hash), members (hash id -> name), open (set of raters), ratings (hash rater>ratee -> JSON)
-- ARGV: rater, now (ms), ratable after (ms since the start), then pairs of ratee and JSON
local rater = ARGV[1]
local started = tonumber(redis.call('HGET', KEYS[1], 'started_at'))
if not started or redis.call('HEXISTS', KEYS[2], rater) == 0 then return 'SESSION_MISMATCH' end
for i = 4, #ARGV, 2 do
  if ARGV[i] == rater or redis.call('HEXISTS', KEYS[2], ARGV[i]) == 0 then return 'INVALID_RATING_TARGET' end
end
for i = 4, #ARGV, 2 do
  if redis.call('HEXISTS', KEYS[4], rater .. '>' .. ARGV[i]) == 1 then return 'RATING_ALREADY_EXISTS' end
end
if redis.call('SISMEMBER', KEYS[3], rater) == 0 then return 'SESSION_MISMATCH' end
if tonumber(ARGV[2]) - started < tonumber(ARGV[3]) then return 'SESSION_NOT_RATABLE' end
for i = 4, #ARGV, 2 do
  redis.call('HSET', KEYS[4], rater .. '>' .. ARGV[i], ARGV[i + 1])
end
local given = 0
for _, member in ipairs(redis.call('HKEYS', KEYS[2])) do
  if member ~= rater and redis.call('HEXISTS', KEYS[4], rater .. '>' .. member) == 1 then given = given + 1 end
end
if given == redis.call('HLEN', KEYS[2]) - 1 then redis.call('SREM', KEYS[3], rater) end
return 'OK'
