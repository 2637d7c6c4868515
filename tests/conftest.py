"""What holds for every test."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from blockbuster import BlockBuster, blockbuster_ctx

from experts.engines.cluster import prepare

# Ray reads its switches as it is imported, and tests of what it raises import it.
prepare(own=True)

UNIT = Path(__file__).parent / "unit"
OURS = ["experts", "routing", "orchestrator", "api"]


@pytest.fixture(autouse=True)
def blocking_calls_fail(request: pytest.FixtureRequest) -> Iterator[BlockBuster | None]:
    """A unit test fails where our code blocks the event loop. Only ours: a library's own ways
    are its own, and integration tests start processes and import slow libraries."""
    if UNIT not in request.path.parents:
        yield None
        return
    with blockbuster_ctx(OURS) as buster:
        yield buster
