"""A process of its own that tells whether formulas are equal, by math-verify.

Reads lines of JSON, each a pair of formulas in LaTeX, and answers each with `true` or `false`.
Algebra has no bound on its time or memory, and a library that swallows exceptions cannot be
stopped from within: what takes longer than the seconds given ends this process, by the system's
own timer, and whoever asked starts another. Processor time is counted, not the clock's, so that a
busy machine does not change an answer.
"""

import json
import logging
import resource
import signal
import sys
from typing import Any

MEMORY = 2 << 30  # bytes of address space


def main() -> None:
    seconds = float(sys.argv[1])
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    logging.disable(logging.CRITICAL)  # math-verify warns that its own timer is off
    signal.signal(signal.SIGPROF, signal.SIG_DFL)  # which ends the process
    _equal("x+1", "1+x")  # the first comparison imports and compiles
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    for line in sys.stdin:
        one, other = json.loads(line)
        signal.setitimer(signal.ITIMER_PROF, seconds)
        equal = _equal(one, other)
        signal.setitimer(signal.ITIMER_PROF, 0)
        sys.stdout.write(f"{json.dumps(equal)}\n")
        sys.stdout.flush()


def _equal(one: str, other: str) -> bool:
    """Whether either would be accepted where the other is expected, which need not be the same."""
    from math_verify import verify

    mine, yours = _parsed(one), _parsed(other)
    return all(verify(a, b, timeout_seconds=None) for a, b in ((mine, yours), (yours, mine)))


def _parsed(formula: str) -> list[Any]:
    from math_verify import LatexExtractionConfig, parse

    config = LatexExtractionConfig()
    return list(parse(f"${formula}$", [config], fallback_mode="no_fallback", parsing_timeout=None))


if __name__ == "__main__":
    main()
