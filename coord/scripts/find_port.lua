-- find_port.lua — gives the allocation that a relay port belongs to.
--
-- KEYS  1 the port
-- Gives DONE with CLIENT>SERVER, what is recorded, and whether the owner's lease holds; or NONE.

local member = ask('GET', KEYS[1])
local fields = member and ask('HGETALL', 'relay:allocation:' .. member)
if not fields or #fields == 0 then
  return {'NONE'}
end
local owner = holder('relay:allocation:' .. member)
return {'DONE', member, fields, owner and is_live(owner) and 1 or 0}
