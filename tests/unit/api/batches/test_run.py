from dataclasses import replace

import pytest

from api.batches.batch import Status, cancelled
from api.batches.run import NO_KEY, Ending, ending
from tests.batches import batch
from tests.keys import NOW

AT_WORK = replace(batch(), status=Status.IN_PROGRESS, total=3)


@pytest.mark.parametrize(
    ("found", "usable", "now", "how"),
    [
        (AT_WORK, True, NOW, None),
        (AT_WORK, True, AT_WORK.ends, Ending(Status.EXPIRED)),
        (cancelled(AT_WORK, NOW), False, AT_WORK.ends, Ending(Status.CANCELLED)),
        (AT_WORK, False, NOW, Ending(Status.FAILED, (NO_KEY,))),
    ],
    ids=["at work", "expired", "cancelled", "no key"],
)
def test_when_no_more_may_be_asked(found, usable, now, how):
    assert ending(found, usable=usable, now=now) == how
