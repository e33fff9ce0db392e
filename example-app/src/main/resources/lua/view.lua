-- What a person may rate in a session, in one step; nothing if it is over or closed for that person.
-- KEYS: meta (hash), members (hash id -> name), open (set of raters), ratings (hash field -> JSON); ARGV: rater
local started = redis.call('HGET', KEYS[1], 'started_at')
if not started or redis.call('SISMEMBER', KEYS[3], ARGV[1]) == 0 then return false end
return cjson.encode({started, redis.call('HGETALL', KEYS[2]), redis.call('HKEYS', KEYS[4])})
