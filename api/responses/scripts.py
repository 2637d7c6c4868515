"""The two scripts that change what is kept, each done as one step for all workers."""

# KEYS: record, index, held. ARGV: id, the record, now and its end (milliseconds), most bytes of a
# tenant. Whatever is over makes room, and then the oldest. Returns: 1 if it is kept, 0 if it is
# larger than all that may be.
KEEP = """
local record, index, held = KEYS[1], KEYS[2], KEYS[3]
local id, text, now, ends, most = ARGV[1], ARGV[2], ARGV[3], ARGV[4], tonumber(ARGV[5])
local size = #text
if size > most then return 0 end
local before = string.sub(record, 1, #record - #id)
local total = tonumber(redis.call('GET', held) or '0')
local function dropped(member)
  local name, bytes = string.match(member, '^(.*):(%d+)$')
  redis.call('DEL', before .. name)
  redis.call('ZREM', index, member)
  total = total - tonumber(bytes)
end
for _, member in ipairs(redis.call('ZRANGEBYSCORE', index, '-inf', now, 'LIMIT', 0, 1000)) do
  dropped(member)
end
while total + size > most do
  local oldest = redis.call('ZRANGE', index, 0, 0)
  if not oldest[1] then total = 0 break end
  dropped(oldest[1])
end
redis.call('SET', record, text, 'PXAT', ends)
redis.call('ZADD', index, ends, id .. ':' .. size)
redis.call('SET', held, string.format('%d', total + size), 'PXAT', ends)
redis.call('PEXPIREAT', index, ends)
return 1
"""

# KEYS: as above. ARGV: id. Returns: whether there was one.
FORGET = """
local size = redis.call('STRLEN', KEYS[1])
if redis.call('DEL', KEYS[1]) == 0 then return 0 end
if redis.call('ZREM', KEYS[2], ARGV[1] .. ':' .. size) == 1 then
  redis.call('DECRBY', KEYS[3], size)
end
return 1
"""
