"""Which base's waiting requests an engine serves next. Pure: the caller brings the clock."""

from collections.abc import Mapping


def next_base(
    resident: str, oldest: Mapping[str, float], now: float, max_wait: float
) -> str | None:
    """The base to serve, given when each waiting base's oldest request arrived; None if none waits.

    Staying is free, so the resident base goes on, until a request that is both overdue and older
    than all of its own waits elsewhere. Asking for both is what keeps an overloaded engine, where
    everything is overdue, from swapping more often than first come, first served would.
    """
    if not oldest:
        return None
    first = min(oldest, key=lambda base: (oldest[base], base != resident, base))
    if resident not in oldest or now - oldest[first] > max_wait:
        return first
    return resident
