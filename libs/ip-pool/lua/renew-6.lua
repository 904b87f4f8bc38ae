-- Extends a lease, or restores one that lapsed or was lost with the server's data, when nobody has held the address
-- since and the device holds no other. O(log n).
--
-- KEYS  1 pool  2 fresh  3 devices  4 holders  5 leases  6 idle, as described in define-pool-6.lua
-- ARGV  1 device  2 connection  3 service  4 time to live in ms  5 now in ms, '' for this server's clock  6 address
-- Returns {0}, {1} unknown network, {3} foreign lease, {9} newer version.

local pool = redis.call('HMGET', KEYS[1], 'version', 'first', 'last')
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

local address, number = ARGV[6], tonumber(ARGV[6])
if number < tonumber(pool[2]) or number > tonumber(pool[3]) then
  return { 3 }
end
local holder = '1 ' .. ARGV[1] .. ' ' .. ARGV[2] .. ' ' .. ARGV[3]
local known = redis.call('HGET', KEYS[4], address)
if known and known ~= holder then
  return { 3 }
end
local other = redis.call('HGET', KEYS[3], ARGV[1])
if other and other ~= address then
  local lapses = redis.call('ZSCORE', KEYS[5], other)
  if lapses and tonumber(lapses) > now then
    return { 3 }
  end
end

-- An address in range without a holder is fresh: it leaves the range that it lies in.
if not known then
  local range = redis.call('ZRANGE', KEYS[2], address, '-inf', 'BYSCORE', 'REV', 'LIMIT', 0, 1)[1]
  local start, last = string.match(range, '^(%d+)%-(%d+)$')
  redis.call('ZREM', KEYS[2], range)
  if tonumber(start) < number then
    redis.call('ZADD', KEYS[2], start, start .. '-' .. (number - 1))
  end
  if number < tonumber(last) then
    redis.call('ZADD', KEYS[2], number + 1, (number + 1) .. '-' .. last)
  end
end
redis.call('HSET', KEYS[3], ARGV[1], address)
redis.call('HSET', KEYS[4], address, holder)
redis.call('ZADD', KEYS[5], now + ARGV[4], address)
redis.call('ZREM', KEYS[6], address)
return { 0 }
