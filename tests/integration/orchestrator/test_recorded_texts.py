"""Answers are read from real texts as whoever recorded them did. The texts are not ours to keep:
CONVENE_TEXTS names a file that has them, and without it there is nothing to test."""

import os
from pathlib import Path

import pytest

from benchmarks.answers import stated

TEXTS = os.environ.get("CONVENE_TEXTS", "")


@pytest.mark.skipif(not TEXTS, reason="CONVENE_TEXTS names no file of texts and answers")
def test_at_least_99_percent_of_the_recorded_answers_are_read_from_their_texts():
    replies = list(stated(Path(TEXTS)))
    equal = sum(reply.ours == reply.recorded for reply in replies)
    assert equal >= 0.99 * len(replies) > 0
