"""Somebody else's words, as clients may read them."""

LONGEST = 300  # characters


def masked(text: str, key: str) -> str:
    """Without our key: a server that quotes it is not quoted."""
    return text.replace(key, "***") if key else text


def told(words: str, key: str) -> str:
    """Masked, and cut only then: no part of the key is left over."""
    return masked(words, key)[:LONGEST]
