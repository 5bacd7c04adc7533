-- find.lua — tells who owns a five-tuple.
--
-- KEYS  1 the allocation
-- Gives DONE with the owner and whether its lease holds, or NONE.

local owner = holder(KEYS[1])
if not owner then
  return {'NONE'}
end
return {'DONE', owner, is_live(owner) and 1 or 0}
