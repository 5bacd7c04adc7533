-- claim.lua — makes a five-tuple its writer's.
--
-- KEYS  1 the allocation  2, 3 live and shard of the writer  4 its allocations
--       5 the port  6 the user
-- ARGV  1 epoch  2 owner  3 CLIENT>SERVER  4 allocation  5 time to its end  6 quota, 0 = none
--       7 whether to keep the channels and permissions of this allocation
-- Gives DONE, HELD with the owner, PORT, QUOTA, or STALE.

-- Was the one made before the other? Their times are of the monotonic clocks of two boots; where
-- those are not the same, the leases tell how far they are from the wall clock.
local function is_older(value, owner, other_value, other_owner)
  local lease = ask('HGET', 'relay:shard:' .. owner, 'lease') or ''
  local other_lease = ask('HGET', 'relay:shard:' .. other_owner, 'lease') or ''
  local created = tonumber(field(value, 'created') or '') or math.huge
  local other_created = tonumber(field(other_value, 'created') or '') or math.huge
  if field(lease, 'boot') ~= field(other_lease, 'boot') then
    created = created + (tonumber(field(lease, 'wall_offset') or '') or 0)
    other_created = other_created + (tonumber(field(other_lease, 'wall_offset') or '') or 0)
  end
  return created < other_created
end

if not holds_lease(KEYS[2], ARGV[1]) then
  return stale(KEYS[3])
end
local epoch, owner, member, value = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local ttl, quota, keep = tonumber(ARGV[5]), tonumber(ARGV[6]), ARGV[7] == '1'

local stored_owner, stored_value = holder(KEYS[1])
if stored_owner and stored_owner ~= owner and is_live(stored_owner) then
  -- Whoever has one that is marked claims it once more later, and learns of it then.
  local in_doubt = field(stored_value, 'unclaimed')
  if not in_doubt or not is_older(value, owner, stored_value, stored_owner) then
    return {'HELD', stored_owner}
  end
end
-- One that has died may be about to open its relay ports again.
local function is_port_recorded()
  local other = ask('GET', KEYS[5])
  if not other or other == member then
    return false
  end
  local port_owner, port_value = holder('relay:allocation:' .. other)
  return port_owner and port_owner ~= owner and field(port_value, 'port') == field(value, 'port')
end
if not keep and is_port_recorded() then
  return {'PORT'}
end
if quota > 0 then
  local at = now()
  local others = ask('ZCOUNT', KEYS[6], '(' .. at, '+inf') or 0
  if tonumber(ask('ZSCORE', KEYS[6], member) or '0') > at then
    others = others - 1
  end
  if others >= quota then
    return {'QUOTA'}
  end
end

local function write()
  put('HSET', KEYS[1], 'owner', owner, 'epoch', epoch, 'allocation', value)
end
write()
if stored_owner then
  unindex(member, stored_owner, stored_value)
end
if not (keep and stored_owner and is_same(value, stored_value)) and redis.call('HLEN', KEYS[1]) > 3 then
  redis.call('DEL', KEYS[1])
  write()
end
redis.call('PEXPIRE', KEYS[1], ttl + LINGER)
redis.call('SET', KEYS[5], member, 'PX', ttl + LINGER)
index(KEYS[4], member, ttl + LINGER)
index(KEYS[6], member, ttl)
return {'DONE'}
