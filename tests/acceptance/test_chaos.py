"""A batch while its processes are killed; `make chaos` is the same with more of everything."""

import pytest

from benchmarks.chaos import run
from benchmarks.trials import Trial


@pytest.mark.timeout(180)
async def test_a_batch_whose_processes_are_killed_has_each_line_once_and_right(tmp_path):
    outcome = await run(Trial(lines=300, kills=2, seed=4, seconds=5.0), tmp_path)
    assert {what for what, _ in outcome.killed} == {"api", "redis"}
    assert outcome.good, outcome
