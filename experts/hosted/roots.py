"""What lies at the root of a failed call, in words that may be logged."""

from collections.abc import Iterator


def root(error: BaseException) -> str:
    """The error's kind, and what the system says of its cause: that a connection was refused, a
    name is not known, a certificate is wrong, a package is missing. What libraries say beside it is
    left out, for it may quote what was sent or received."""
    kind = type(error).__name__
    for cause in causes(error):
        if isinstance(cause, ImportError) or (isinstance(cause, OSError) and cause.errno):
            return f"{kind}: {' '.join(str(cause).split())}"
    return kind


def causes(error: BaseException) -> Iterator[BaseException]:
    """The error, and each that led to it."""
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__ or cause.__context__
