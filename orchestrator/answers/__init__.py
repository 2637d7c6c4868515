"""Final answers: read out of replies, and written so that equal answers are equal strings."""

from orchestrator.answers.extraction import final_answer, spoken
from orchestrator.answers.normalisation import normalise

__all__ = ["final_answer", "normalise", "spoken"]
