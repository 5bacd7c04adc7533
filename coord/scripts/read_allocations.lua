-- read_allocations.lua — gives all that is recorded of some allocations.
--
-- KEYS  each an allocation
-- Gives DONE and for each its fields and values; nil for what is no allocation.

local reply = {'DONE'}
for i, key in ipairs(KEYS) do
  reply[i + 1] = ask('HGETALL', key)
end
return reply
