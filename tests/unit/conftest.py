"""What holds for every unit test."""

import os

from hypothesis import settings

# The same examples each time, so that what fails was broken by the change at hand; `make fuzz`
# draws others, and more. No deadline per example: a busy machine would fail tests that are merely
# waiting their turn.
if examples := os.environ.get("FUZZ_EXAMPLES"):
    settings.register_profile("unit", deadline=None, print_blob=True, max_examples=int(examples))
else:
    settings.register_profile("unit", deadline=None, derandomize=True, database=None)
settings.load_profile("unit")
