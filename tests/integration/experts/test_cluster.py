"""A cluster of our own, in a process that ends."""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE

LINGERING = """
import asyncio, ctypes, sys

c = ctypes.CDLL(None)
c.on_exit(c.sleep, None)  # registered first, so it runs last, for as many seconds as the exit code

from experts.cards import Cluster
from experts.engines.cluster import joined

async def main():
    async with joined(Cluster()):
        pass

asyncio.run(main())
asyncio.run(main())
sys.exit(3)
"""


async def test_what_ray_leaves_running_does_not_abort_a_process_as_it_exits():
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        LINGERING,
        env={**os.environ, "RAY_metrics_report_interval_ms": "200"},
        stderr=PIPE,
    )
    _, said = await process.communicate()
    assert (process.returncode, said.decode()) == (3, "")
