-- Moves lapsed leases to the unused addresses, the longest lapsed first. The devices keep their memory. Nothing depends
-- on it for correctness: a lapsed lease counts as unused everywhere. O(limit × log n).
--
-- KEYS  1 pool  2 leases  3 idle, as described in define-pool-6.lua
-- ARGV  1 most leases to move  2 now in ms, '' for this server's clock
-- Returns {0, number of leases moved}, {1} unknown network, {9} newer version.

local version = redis.call('HGET', KEYS[1], 'version')
if not version then
  return { 1 }
elseif version ~= '1' then
  return { 9 }
end
local now = tonumber(ARGV[2])
if not now then
  local time = redis.call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
end

local lapsed = redis.call('ZRANGE', KEYS[2], '-inf', now, 'BYSCORE', 'LIMIT', 0, ARGV[1], 'WITHSCORES')
for index = 1, #lapsed, 2 do
  redis.call('ZREM', KEYS[2], lapsed[index])
  redis.call('ZADD', KEYS[3], lapsed[index + 1], lapsed[index])
end
return { 0, #lapsed / 2 }
