-- Defines a pool or changes it. Leases and memories inside the new range stay, those outside are gone.
-- Costs O(n log n) in the addresses ever used, when the range changes; O(1) when it does not.
--
-- KEYS  1 pool     hash  version, ipv4, ipv6 ('' for none), first, last
--       2 fresh    zset  "start-end" scored by start: ranges that no device has used
--       3 devices  hash  device → address that it gets again
--       4 holders  hash  address → "1 device connection service", the last holder
--       5 leases   zset  address scored by the millisecond at which its lease lapses
--       6 idle     zset  address scored by the millisecond since which nobody uses it
-- ARGV  1 ipv4 block  2 ipv6 block or ''  3 first  4 last address to lease, as numbers
-- Returns {0}, or {9} when a newer release wrote the pool.
--
-- Every address from first to last is in exactly one of fresh, leases and idle; it is in holders unless it is fresh.

local known = redis.call('HMGET', KEYS[1], 'version', 'first', 'last')
if known[1] and known[1] ~= '1' then
  return { 9 }
end
redis.call('HSET', KEYS[1], 'version', '1', 'ipv4', ARGV[1], 'ipv6', ARGV[2], 'first', ARGV[3], 'last', ARGV[4])
if known[2] == ARGV[3] and known[3] == ARGV[4] then
  return { 0 }
end

local first, last = tonumber(ARGV[3]), tonumber(ARGV[4])

local function forget(address, timeline)
  local device = string.match(redis.call('HGET', KEYS[4], address), '^1 (%S+) ')
  if redis.call('HGET', KEYS[3], device) == address then
    redis.call('HDEL', KEYS[3], device)
  end
  redis.call('HDEL', KEYS[4], address)
  redis.call('ZREM', timeline, address)
end

local kept = {}
for _, timeline in ipairs({ KEYS[5], KEYS[6] }) do
  for _, address in ipairs(redis.call('ZRANGE', timeline, 0, -1)) do
    local number = tonumber(address)
    if number < first or number > last then
      forget(address, timeline)
    else
      table.insert(kept, number)
    end
  end
end
table.sort(kept)

redis.call('DEL', KEYS[2])
local start = first
table.insert(kept, last + 1)
for _, number in ipairs(kept) do
  if start < number then
    redis.call('ZADD', KEYS[2], start, start .. '-' .. (number - 1))
  end
  start = number + 1
end
return { 0 }
