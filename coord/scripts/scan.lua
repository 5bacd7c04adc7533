-- scan.lua — gives a part of an index.
--
-- KEYS  1 the index
-- ARGV  1 where to go on, 0 at first  2 about how many to give
-- Gives DONE with where to go on, 0 at the end, and members with their scores in turn. A member that
-- stays is given at least once.

local page = ask('ZSCAN', KEYS[1], ARGV[1], 'COUNT', ARGV[2]) or {'0', {}}
return {'DONE', page[1], page[2]}
