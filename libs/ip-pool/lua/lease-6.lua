-- Leases an address: the device's own as long as it is remembered, else one that nobody has used, else the one that has
-- been out of use for longest. A connection takes the lease over from an earlier connection of the same device. O(log n).
--
-- KEYS  1 pool  2 fresh  3 devices  4 holders  5 leases  6 idle, as described in define-pool-6.lua
-- ARGV  1 device  2 connection  3 service  4 time to live in ms  5 now in ms, '' for this server's clock
-- Returns {0, address, ipv4 block, ipv6 block or ''}, {1} unknown network, {2} pool full, {9} newer version.

local pool = redis.call('HMGET', KEYS[1], 'version', 'ipv4', 'ipv6')
if not pool[1] then
  return { 1 }
elseif pool[1] ~= '1' then
  return { 9 }
end
local now = tonumber(ARGV[5])
if not now then
  local time = redis.call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
end

local function take_fresh()
  local range = redis.call('ZRANGE', KEYS[2], 0, 0)[1]
  if not range then
    return nil
  end
  local start, last = string.match(range, '^(%d+)%-(%d+)$')
  redis.call('ZREM', KEYS[2], range)
  if start ~= last then
    redis.call('ZADD', KEYS[2], start + 1, (start + 1) .. '-' .. last)
  end
  return start
end

local function take_longest_unused()
  local idle = redis.call('ZRANGE', KEYS[6], 0, 0, 'WITHSCORES')
  local lapsed = redis.call('ZRANGE', KEYS[5], '-inf', now, 'BYSCORE', 'LIMIT', 0, 1, 'WITHSCORES')
  local address = idle[1]
  if lapsed[1] and (not address or tonumber(lapsed[2]) < tonumber(idle[2])) then
    address = lapsed[1]
  end
  if not address then
    return nil
  end
  local previous = string.match(redis.call('HGET', KEYS[4], address), '^1 (%S+) ')
  if redis.call('HGET', KEYS[3], previous) == address then
    redis.call('HDEL', KEYS[3], previous)
  end
  return address
end

local address = redis.call('HGET', KEYS[3], ARGV[1]) or take_fresh() or take_longest_unused()
if not address then
  return { 2 }
end
redis.call('HSET', KEYS[3], ARGV[1], address)
redis.call('HSET', KEYS[4], address, '1 ' .. ARGV[1] .. ' ' .. ARGV[2] .. ' ' .. ARGV[3])
redis.call('ZADD', KEYS[5], now + ARGV[4], address)
redis.call('ZREM', KEYS[6], address)
return { 0, address, pool[2], pool[3] }
