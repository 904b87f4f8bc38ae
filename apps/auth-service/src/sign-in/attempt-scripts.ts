/**
 * KEYS: failures of account and source, checks under way of both, stale. ARGV: fingerprint, name of the check, free
 * failures of account and source, most checks under way of both, longest time of a check (seconds), memory of a stale
 * credential (seconds), fingerprint under the present circumstances, as long as the other. Returns `wait` with its seconds and 1 for the first refusal of this wait; `stale` with the code
 * that the same credential was refused with; `busy`; or `open`. Where the free failures are used up there is one check
 * at a time, so that guesses in parallel are as slow as guesses in turn.
 */
export const BEGIN = `
local now = tonumber(redis.call('TIME')[1])
local wait, waiting = 0, nil
for i = 1, 2 do
  local left = tonumber(redis.call('HGET', KEYS[i], 'until') or '0') - now
  if left > wait then wait, waiting = left, KEYS[i] end
end
if waiting then return {'wait', wait, redis.call('HSETNX', waiting, 'told', '1')} end
for _, entry in ipairs(redis.call('LRANGE', KEYS[5], 0, -1)) do
  local fingerprint = string.sub(entry, 1, #ARGV[1])
  if fingerprint == ARGV[1] or fingerprint == ARGV[9] then
    redis.call('EXPIRE', KEYS[5], ARGV[8])
    return {'stale', string.sub(entry, #ARGV[1] + 2)}
  end
end
for i = 1, 2 do
  redis.call('ZREMRANGEBYSCORE', KEYS[i + 2], '-inf', now)
  local failures = tonumber(redis.call('HGET', KEYS[i], 'count') or '0')
  local most = failures < tonumber(ARGV[i + 2]) and tonumber(ARGV[i + 4]) or 1
  if redis.call('ZCARD', KEYS[i + 2]) >= most then return {'busy'} end
end
for i = 1, 2 do
  redis.call('ZADD', KEYS[i + 2], now + tonumber(ARGV[7]), ARGV[2])
  redis.call('EXPIRE', KEYS[i + 2], ARGV[7])
end
return {'open'}`

/**
 * KEYS: as above, and the accounts that wait. ARGV: name of the check, how it ended (`right`, `guess` or `neither`), free
 * failures of account and source, longest wait, memory of failures (seconds), entry for the stale list or empty, how many
 * it keeps, its memory (seconds), the account as it stands among those that wait. A right credential makes the account's failures forgotten. A guess is counted, whatever happened meanwhile,
 * unless the same one was refused meanwhile: several clients of one user may show an old password at once.
 */
export const END = `
local now = tonumber(redis.call('TIME')[1])
for i = 1, 2 do redis.call('ZREM', KEYS[i + 2], ARGV[1]) end
if ARGV[2] == 'right' then
  redis.call('DEL', KEYS[1])
  redis.call('ZREM', KEYS[6], ARGV[10])
end
local known = ARGV[7] ~= '' and redis.call('LREM', KEYS[5], 0, ARGV[7]) > 0
if ARGV[2] == 'guess' and not known then
  for i = 1, 2 do
    local over = redis.call('HINCRBY', KEYS[i], 'count', 1) - tonumber(ARGV[i + 2])
    if over >= 0 then
      local wait = math.min(2 ^ math.min(over, 20), tonumber(ARGV[5]))
      redis.call('HSET', KEYS[i], 'until', string.format('%d', now + wait))
      redis.call('HDEL', KEYS[i], 'told')
      if i == 1 then
        redis.call('ZREMRANGEBYSCORE', KEYS[6], '-inf', now)
        redis.call('ZADD', KEYS[6], now + wait, ARGV[10])
        redis.call('EXPIRE', KEYS[6], ARGV[6])
      end
    end
    redis.call('EXPIRE', KEYS[i], ARGV[6])
  end
end
if ARGV[7] ~= '' then
  redis.call('LPUSH', KEYS[5], ARGV[7])
  redis.call('LTRIM', KEYS[5], 0, tonumber(ARGV[8]) - 1)
  redis.call('EXPIRE', KEYS[5], ARGV[9])
end
return 0`

/** KEYS: the accounts that wait. ARGV: names among them. Returns for each the Unix time until when it waits, or 0. */
export const WAITS = `
local now = tonumber(redis.call('TIME')[1])
local waits = {}
for i, untilTime in ipairs(redis.call('ZMSCORE', KEYS[1], unpack(ARGV))) do
  waits[i] = untilTime and tonumber(untilTime) > now and tonumber(untilTime) or 0
end
return waits`

/** KEYS: the accounts that wait. ARGV: how many at most. Returns their names, those that wait longest first. */
export const WAITING = `
local now = redis.call('TIME')[1]
return redis.call('ZRANGE', KEYS[1], '+inf', '(' .. now, 'BYSCORE', 'REV', 'LIMIT', 0, ARGV[1])`
