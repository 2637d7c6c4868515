"""Answers that are kept for whoever asks the same again: their tenant's own, and nobody else's."""
