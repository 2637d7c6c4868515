"""The two scripts that count in Redis, each done as one step for all workers.

They are `account.py` once more. Amounts stay text on their way to INCRBY, as Lua would write a
large number as 1e+15.
"""

import hashlib
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Script:
    """A script, and the name that Redis has for it."""

    text: str
    sha: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "sha", hashlib.sha1(self.text.encode()).hexdigest())


# KEYS: flight, then one counter a limit. ARGV: now, end of lease (milliseconds), most in flight or
# -1, then for each limit: its amount, what is wanted by all together, how long the counter lives
# (seconds); then the names of the reservations, which are made all or none. Returns: 1 if reserved,
# the number in flight, the counters in order and, if not reserved, the reservations in flight.
RESERVE = Script("""
local flight, names = KEYS[1], {unpack(ARGV, 4 + 3 * (#KEYS - 1))}
redis.call('ZREMRANGEBYSCORE', flight, '-inf', ARGV[1])
local known = redis.call('ZSCORE', flight, names[1])
local count, most = redis.call('ZCARD', flight), tonumber(ARGV[3])
local fits = most < 0 or count + #names <= most
local used = {}
for i = 2, #KEYS do
  local at = 4 + 3 * (i - 2)
  used[i] = redis.call('GET', KEYS[i]) or '0'
  local wanted = tonumber(ARGV[at + 1])
  if wanted > 0 and tonumber(used[i]) + wanted > tonumber(ARGV[at]) then fits = false end
end
if fits and not known then
  for _, name in ipairs(names) do redis.call('ZADD', flight, ARGV[2], name) end
  redis.call('PEXPIREAT', flight, ARGV[2])
  count = count + #names
  for i = 2, #KEYS do
    local at, fresh = 4 + 3 * (i - 2), used[i] == '0'
    used[i] = redis.call('INCRBY', KEYS[i], ARGV[at + 1])
    if fresh then redis.call('EXPIRE', KEYS[i], ARGV[at + 2]) end
  end
end
local answer = {(fits or known) and 1 or 0, count}
for i = 2, #KEYS do answer[i + 1] = used[i] end
if answer[1] == 0 then
  for _, held in ipairs(redis.call('ZRANGE', flight, 0, -1)) do answer[#answer + 1] = held end
end
return answer
""")

# KEYS: as above, the counters as they were reserved from. ARGV: for each limit what to add to its
# counter, then the names of the reservations.
SETTLE = Script("""
if redis.call('ZREM', KEYS[1], unpack(ARGV, #KEYS)) == 0 then return 0 end
for i = 2, #KEYS do
  if redis.call('EXISTS', KEYS[i]) == 1 then redis.call('INCRBY', KEYS[i], ARGV[i - 1]) end
end
return 1
""")
