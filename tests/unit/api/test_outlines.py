from api.outlines import DEEPEST, LEFT_OUT, outline

SECRET = "SECRET"


def raised(work):
    try:
        work()
    except (KeyError, ValueError) as error:
        return error
    raise AssertionError("nothing was raised")


def fails():
    raise KeyError(SECRET)


def fails_again():
    try:
        fails()
    except KeyError as error:
        raise ValueError(f"of {SECRET}") from error


def test_an_outline_says_where_and_what_kind_but_no_value():
    text = outline(raised(fails))
    assert text.startswith("Traceback (most recent call last):\n")
    assert "in fails\n" in text
    assert text.endswith(f"KeyError {LEFT_OUT}")
    assert SECRET not in text.replace("raise KeyError(SECRET)", "")


def test_causes_come_first():
    text = outline(raised(fails_again))
    assert text.index("KeyError (") < text.index("which led to:") < text.index("ValueError (")


def test_grouped_errors_are_outlined_too():
    text = outline(ExceptionGroup("of SECRET", [raised(fails), raised(fails_again)]))
    assert text.count("which groups:") == 2
    assert "of SECRET" not in text.replace('f"of {SECRET}"', "")


def test_an_endless_chain_ends():
    error = previous = ValueError()
    for _ in range(DEEPEST * 2):
        previous.__cause__ = ValueError()
        previous = previous.__cause__
    assert outline(error).count("ValueError") == DEEPEST
