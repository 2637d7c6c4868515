"""Small recordings for tests, written by hand."""

from experts.recordings import RecordedReply, Recording


def recorded(text, gold, split="test", category="any", options=(), **answers):
    """One question; each expert's answer as a string, or its reply as it is."""
    replies = {
        name: said if isinstance(said, RecordedReply) else RecordedReply(said)
        for name, said in answers.items()
    }
    return Recording(text, text, replies, options, category, gold, split)


def scored(text, split="test", category="any", **scores):
    """One question of which only the scores are known."""
    replies = {name: RecordedReply(score=score) for name, score in scores.items()}
    return recorded(text, None, split, category, **replies)
