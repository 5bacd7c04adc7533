-- read_leases.lua — gives the last leases of some shards.
--
-- KEYS  for each  live and shard
-- Gives DONE and for each whether its lease holds, the epoch and the lease (nil when not there).

local reply = {'DONE'}
for i = 1, #KEYS, 2 do
  local stored = ask('HMGET', KEYS[i + 1], 'epoch', 'lease') or {false, false}
  reply[#reply + 1] = {ask('EXISTS', KEYS[i]), stored[1], stored[2]}
end
return reply
