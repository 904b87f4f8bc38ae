-- Ends a lease; the device keeps its memory of the address. Ending what has ended already is no error. O(log n).
--
-- KEYS  1 pool  2 devices  3 holders  4 leases  5 idle, as described in define-pool-6.lua
-- ARGV  1 device  2 connection  3 service  4 now in ms, '' for this server's clock
-- Returns {0}, {1} unknown network, {3} foreign lease, {9} newer version.

local version = redis.call('HGET', KEYS[1], 'version')
if not version then
  return { 1 }
elseif version ~= '1' then
  return { 9 }
end
local now = tonumber(ARGV[4])
if not now then
  local time = redis.call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
end

local address = redis.call('HGET', KEYS[2], ARGV[1])
if not address then
  return { 0 }
end
if redis.call('HGET', KEYS[3], address) ~= '1 ' .. ARGV[1] .. ' ' .. ARGV[2] .. ' ' .. ARGV[3] then
  return { 3 }
end
local lapses = redis.call('ZSCORE', KEYS[4], address)
if lapses then
  redis.call('ZREM', KEYS[4], address)
  redis.call('ZADD', KEYS[5], math.min(now, tonumber(lapses)), address)
end
return { 0 }
