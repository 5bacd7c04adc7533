-- probe.lua — fails where a claim would fail: no right to, not the primary, no memory.
--
-- KEYS  1 a key of its own

redis.call('SET', KEYS[1], now(), 'PX', LINGER)
return {'DONE'}
