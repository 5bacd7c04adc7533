-- common.lua — what the scripts share; the build puts it before each of them.
--
-- The keys are drawn in coord/record.h. Those that a caller knows come in KEYS; the others are
-- made of what was found under those. A script first asks, then writes, and its first write is
-- one that a full Redis refuses: so it is carried out as a whole or not at all.
-- Times are relative, in milliseconds: only Redis' own clock counts.

-- What is kept of an allocation past its end, for whoever looks at it late.
local LINGER = 60000
-- How long the last lease of a shard is remembered.
local REMEMBERED = 86400000

local function is_wrong_type(reply)
  return type(reply) == 'table' and reply.err and reply.err:find('WRONGTYPE', 1, true)
end

-- Reads or removes. A key of another type, which none of us made, counts as absent.
local function ask(...)
  local reply = redis.pcall(...)
  if is_wrong_type(reply) then
    return false
  end
  if type(reply) == 'table' and reply.err then
    return redis.call(...) -- fails again, this time for the caller to see
  end
  return reply
end

-- Writes. A key of another type gives way.
local function put(command, key, ...)
  local reply = redis.pcall(command, key, ...)
  if is_wrong_type(reply) then
    redis.call('DEL', key)
    return redis.call(command, key, ...)
  end
  if type(reply) == 'table' and reply.err then
    return redis.call(command, key, ...)
  end
  return reply
end

local function now()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

-- Adds |member| to an index for |ttl|, and lets go of what is over there.
local function index(key, member, ttl)
  local at = now()
  put('ZADD', key, at + ttl, member)
  redis.call('ZREMRANGEBYSCORE', key, '-inf', at)
  if redis.call('PTTL', key) < ttl then
    redis.call('PEXPIRE', key, ttl)
  end
end

-- NAME=… of a value, or nil.
local function field(value, name)
  return (' ' .. value):match(' ' .. name .. '=(%S*)')
end

-- Is it the very allocation that is recorded? What is beneath another one is not its own.
local function is_same(value, stored_value)
  return field(value, 'transaction') == field(stored_value, 'transaction')
    and field(value, 'port') == field(stored_value, 'port')
end

-- Who holds the allocation of |key|, and what is recorded of it; nil where nobody can be read.
local function holder(key)
  local stored = ask('HMGET', key, 'owner', 'allocation') or {}
  if stored[1] and stored[1]:match('^[%w._-]+/%d+$') then
    return stored[1], stored[2] or ''
  end
end

local function is_live(owner)
  return ask('EXISTS', 'relay:live:' .. owner) == 1
end

-- Has a lease hold for |ttl|, or end when that is 0.
local function live(key, epoch, ttl)
  if ttl > 0 then
    redis.call('SET', key, epoch, 'PX', ttl)
  else
    redis.call('DEL', key)
  end
end

-- May a writer with this epoch write?
local function holds_lease(live_key, epoch)
  return ask('GET', live_key) == epoch
end

-- The answer to one that may not. Where even the last lease is not known, the store is a new one.
local function stale(shard_key)
  return {'STALE', redis.call('EXISTS', shard_key)}
end

-- Takes the allocation of |owner| that was recorded as |value| out of every index.
local function unindex(member, owner, value)
  ask('ZREM', 'relay:allocations:' .. owner, member)
  local host, port, user = owner:match('^(.*)/'), field(value, 'port'), field(value, 'user')
  if host and port then
    local key = 'relay:port:' .. host .. '/' .. port
    if ask('GET', key) == member then
      redis.call('DEL', key)
    end
  end
  if user then
    ask('ZREM', 'relay:user:' .. user, member)
  end
end
