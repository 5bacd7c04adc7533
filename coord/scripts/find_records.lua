-- find_records.lua — gives all that is recorded of a five-tuple.
--
-- KEYS  1 the allocation
-- ARGV  1 CLIENT>SERVER
-- Gives DONE with CLIENT>SERVER, what is recorded, and whether the owner's lease holds; or NONE.

local fields = ask('HGETALL', KEYS[1])
if #fields == 0 then
  return {'NONE'}
end
local owner = holder(KEYS[1])
return {'DONE', ARGV[1], fields, owner and is_live(owner) and 1 or 0}
