-- Reads a pool and counts the leases that have not lapsed. Changes nothing. O(log n).
--
-- KEYS  1 pool  2 leases, as described in define-pool-6.lua
-- ARGV  1 now in ms, '' for this server's clock
-- Returns {0, ipv4, ipv6 or '', first, last, leased}, {1} unknown network, {9} newer version.

local pool = redis.call('HMGET', KEYS[1], 'version', 'ipv4', 'ipv6', 'first', 'last')
if not pool[1] then
  return { 1 }
elseif pool[1] ~= '1' then
  return { 9 }
end
local now = tonumber(ARGV[1])
if not now then
  local time = redis.call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
end
return { 0, pool[2], pool[3], pool[4], pool[5], redis.call('ZCOUNT', KEYS[2], '(' .. string.format('%.0f', now), '+inf') }
