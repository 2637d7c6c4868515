"""What holds for every unit test."""

from hypothesis import settings

# No deadline per example: a busy machine would fail tests that are merely waiting their turn.
settings.register_profile("unit", deadline=None)
settings.load_profile("unit")
