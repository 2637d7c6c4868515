"""Reports of a small evaluation, for tests of what shows them."""

from dataclasses import replace

from orchestrator.evaluation import Splits, evaluate
from orchestrator.policies import POLICIES
from tests.encoders import BagOfWords
from tests.recordings import recorded

# ada is right about colours, ben about sums; cleo never is
RECORDINGS = [
    recorded(f"{kind} number {i}", "7", split, kind, ada="7" if kind == "colour" else "8",
             ben="7" if kind == "sum" or i % 4 == 0 else "9", cleo=str(i))
    for split in ("validation", "test")
    for kind in ("colour", "sum")
    for i in range(10, 22)
]  # fmt: skip


def priced(recordings=RECORDINGS):
    """The same with a price on every reply."""
    return [
        replace(r, replies={e: replace(said, cost_usd=0.25) for e, said in r.replies.items()})
        for r in recordings
    ]


async def small_report(*policies, recordings=RECORDINGS, hold_out=(), **more):
    splits = Splits.of(recordings, ["validation"], hold_out)
    names = policies or ("auto", "single", "everyone")
    return await evaluate(splits, {n: POLICIES[n] for n in names}, BagOfWords(), **more)
