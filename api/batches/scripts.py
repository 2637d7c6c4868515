"""The scripts that keep a batch right in Redis, each done as one step for all workers."""

# Takes a lease, or holds on to one. KEYS: lease. ARGV: owner, milliseconds. Returns 1 if it is the
# owner's now: also where it had lapsed and nobody else took it.
TAKE = """
local owner = redis.call('GET', KEYS[1])
if owner and owner ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
"""

# Gives a lease back. KEYS: lease. ARGV: owner.
RELEASE = """
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0
"""

# Records a line's result. KEYS: lease, done, output, errors, counts. ARGV: owner, line, 1 if it
# failed, result, until when all this is kept (seconds since 1970), then pairs of what to add to
# which count. Returns 1 if it is recorded, 0 if the line has a result already, -1 if the lease is
# not the owner's: who lost it writes nothing any more.
RECORD = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return -1 end
if redis.call('SETBIT', KEYS[2], ARGV[2], 1) == 1 then return 0 end
if ARGV[3] == '1' then
  redis.call('HSET', KEYS[4], ARGV[2], ARGV[4])
else
  redis.call('RPUSH', KEYS[3], ARGV[4])
end
for i = 6, #ARGV, 2 do redis.call('HINCRBY', KEYS[5], ARGV[i], ARGV[i + 1]) end
for i = 2, #KEYS do
  if redis.call('TTL', KEYS[i]) == -1 then redis.call('EXPIREAT', KEYS[i], ARGV[5]) end
end
return 1
"""

# Makes lines that failed lines without a result, to be asked again. KEYS: lease, done, output,
# errors, counts. Returns how many results are left, -1 if somebody works on the batch, or -2 if
# results were deleted.
REOPEN = """
if redis.call('EXISTS', KEYS[1]) == 1 then return -1 end
local failed = redis.call('HKEYS', KEYS[4])
local left = redis.call('BITCOUNT', KEYS[2]) - #failed
if redis.call('LLEN', KEYS[3]) ~= left then return -2 end
for _, line in ipairs(failed) do redis.call('SETBIT', KEYS[2], line, 0) end
redis.call('DEL', KEYS[4])
redis.call('HDEL', KEYS[5], 'failed')
for i = 2, #KEYS do redis.call('PERSIST', KEYS[i]) end
return left
"""
