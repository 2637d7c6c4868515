"""What holds for every unit test."""

import os

from hypothesis import settings

# The same examples each time, so that what fails was broken by the change at hand; `make fuzz`
# draws others, and more. No deadline per example: a busy machine would fail tests that are merely
# waiting their turn.
settings.register_profile("steady", deadline=None, derandomize=True, database=None)
settings.register_profile(
    "fuzz", deadline=None, print_blob=True, max_examples=int(os.environ.get("FUZZ_EXAMPLES", "100"))
)
settings.load_profile("fuzz" if "FUZZ_EXAMPLES" in os.environ else "steady")
