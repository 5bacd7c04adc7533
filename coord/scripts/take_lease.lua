-- take_lease.lua — makes a lease the one of its shard, with a new epoch.
--
-- KEYS  1, 2 live and shard  3 the shards
-- ARGV  1 owner  2 lease  3 time to its end  4 the wall clock in microseconds
-- Gives DONE with the owner, the epoch, and the epoch and lease before ('' for none); or HELD with
-- the owner.

local stored = ask('HMGET', KEYS[2], 'epoch', 'lease') or {}
local former_epoch, former = tonumber(stored[1] or ''), stored[2] or ''
local ttl = tonumber(ARGV[3])

-- What says that a lease holds and is not of the last one was not written by us.
local is_held = stored[1] and ask('GET', KEYS[1]) == stored[1]

if is_held and field(former, 'boot') ~= field(ARGV[2], 'boot') then
  return {'HELD', ARGV[1]}
end

-- Lua's numbers are exact up to 2^53; what is no such epoch was not written by us.
if not former_epoch or former_epoch ~= math.floor(former_epoch) or former_epoch < 0
    or former_epoch >= 9007199254740992 then
  former_epoch = nil
end
local epoch = string.format('%.0f', math.max((former_epoch or 0) + 1, tonumber(ARGV[4])))

put('HSET', KEYS[2], 'epoch', epoch, 'lease', ARGV[2])
redis.call('PEXPIRE', KEYS[2], REMEMBERED)
index(KEYS[3], ARGV[1], REMEMBERED)
live(KEYS[1], epoch, ttl)
return {'DONE', ARGV[1], epoch, former_epoch and stored[1] or '', former}
