-- forget.lua — removes one record of a five-tuple; an allocation goes with all that is beneath.
--
-- KEYS  1 the allocation  2, 3 live and shard of the writer
-- ARGV  1 epoch  2 owner  3 name  4 CLIENT>SERVER
-- Gives DONE, HELD with the owner, or STALE.

if not holds_lease(KEYS[2], ARGV[1]) then
  return stale(KEYS[3])
end
local owner, value = holder(KEYS[1])
if not owner then
  return {'DONE'}
end
if owner ~= ARGV[2] then
  return {'HELD', owner}
end
if ARGV[3] == 'allocation' then
  redis.call('DEL', KEYS[1])
  unindex(ARGV[4], owner, value)
else
  redis.call('HDEL', KEYS[1], ARGV[3])
end
return {'DONE'}
