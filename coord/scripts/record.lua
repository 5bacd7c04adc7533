-- record.lua — writes one record of a five-tuple that the writer holds.
--
-- KEYS  1 the allocation  2, 3 live and shard of the writer
--       and for an allocation  4 the writer's allocations  5 the port  6 the user
-- ARGV  1 epoch  2 owner  3 name  4 value, and for an allocation  5 CLIENT>SERVER
--       6 time to its end
-- Gives DONE, HELD with the owner, NONE (it is not recorded, or not in the index), or STALE.

if not holds_lease(KEYS[2], ARGV[1]) then
  return stale(KEYS[3])
end
local owner, value = holder(KEYS[1])
if not owner then
  return {'NONE'}
end
if owner ~= ARGV[2] then
  return {'HELD', owner}
end
if ARGV[3] == 'allocation' and not is_same(ARGV[4], value) then
  return {'NONE'}
end
if #KEYS > 3 and not ask('ZSCORE', KEYS[4], ARGV[5]) then
  return {'NONE'} -- out of the index, it would not be found at the next start
end
redis.call('HSET', KEYS[1], ARGV[3], ARGV[4])
if #KEYS > 3 then
  local member, ttl = ARGV[5], tonumber(ARGV[6])
  redis.call('PEXPIRE', KEYS[1], ttl + LINGER)
  redis.call('SET', KEYS[5], member, 'PX', ttl + LINGER)
  index(KEYS[4], member, ttl + LINGER)
  index(KEYS[6], member, ttl)
end
return {'DONE'}
