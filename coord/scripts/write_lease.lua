-- write_lease.lua — writes a lease again, under its epoch: renews it, or ends it.
--
-- KEYS  1, 2 live and shard  3 the shards
-- ARGV  1 epoch  2 owner  3 lease  4 time to its end, 0 = it is over
-- Gives DONE or STALE.

if not holds_lease(KEYS[1], ARGV[1]) then
  return stale(KEYS[2])
end
put('HSET', KEYS[2], 'epoch', ARGV[1], 'lease', ARGV[3])
redis.call('PEXPIRE', KEYS[2], REMEMBERED)
index(KEYS[3], ARGV[2], REMEMBERED)
live(KEYS[1], ARGV[1], tonumber(ARGV[4]))
return {'DONE'}
