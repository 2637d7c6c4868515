"""Matrix products on one thread.

Ours are small: on several threads they wait for one another, forty times slower on busy cores. And
a process that forks while another thread multiplies (Ray forks as it starts) takes OpenBLAS's
threads away from under it, and the product never ends.
"""

from contextlib import AbstractContextManager
from typing import Any


def one_thread() -> AbstractContextManager[Any]:
    """Until the context ends, in the whole process."""
    import numpy  # noqa: F401 - only libraries that are loaded can be held to a limit
    from threadpoolctl import threadpool_limits

    limits: AbstractContextManager[Any] = threadpool_limits(1)
    return limits
