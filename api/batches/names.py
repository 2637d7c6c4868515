"""Every name that batches have in Redis beside their records."""

QUEUE = "convene:batches:queue"  # a sorted set of ids of open batches, by when each is due


def lease(id: str) -> str:
    """A string: whose turn it is to work on the batch; gone when it lapses."""
    return f"convene:batches:{{{id}}}:lease"


def done(id: str) -> str:
    """A bitmap: which lines have a result, by number."""
    return f"convene:batches:{{{id}}}:done"


def output(id: str) -> str:
    """A list: the answered lines' results, as they came."""
    return f"convene:batches:{{{id}}}:output"


def errors(id: str) -> str:
    """A hash: the other results, by line."""
    return f"convene:batches:{{{id}}}:errors"


def counts(id: str) -> str:
    """A hash of numbers: results, tokens, calls of each expert."""
    return f"convene:batches:{{{id}}}:counts"


def open_of(tenant: str) -> str:
    """A set of the ids of a tenant's open batches."""
    return f"convene:batches:open:{tenant}"
