import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.errors import Unfit
from api.files.form import Form

TYPE = "multipart/form-data; boundary=xyz"


def body(*parts, end="--xyz--\r\n"):
    """Of (headers, value)."""
    written = [f"--xyz\r\n{headers}\r\n\r\n{value}\r\n" for headers, value in parts]
    return ("".join(written) + end).encode()


def named(name, more=""):
    return f'Content-Disposition: form-data; name="{name}"{more}'


FILE = (named("file", '; filename="in.jsonl"') + "\r\nContent-Type: x/y", '{"a": "\r\n--xy"}\n')
WHOLE = body((named("purpose"), "batch"), FILE, (named("more"), "1"))


@given(st.lists(st.integers(0, len(WHOLE))))
def test_the_file_and_the_fields_are_the_same_however_the_body_is_cut(cuts):
    form, edges = Form(TYPE), sorted(cuts)
    pairs = zip([0, *edges], [*edges, len(WHOLE)], strict=True)
    pieces = [piece for a, b in pairs for piece in form.feed(WHOLE[a:b])]
    assert b"".join(pieces).decode() == FILE[1]
    assert form.end() == {"purpose": "batch", "more": "1"}
    assert form.filename == "in.jsonl"


@pytest.mark.parametrize(
    ("kind", "sent", "says"),
    [
        ("application/json", b"{}", "multipart/form-data"),
        ("multipart/form-data", b"", "multipart/form-data"),
        (f"multipart/form-data; boundary={'x' * 500}", b"", "cannot be read"),
        (TYPE, b"hello", "cannot be read"),
        (TYPE, body(FILE, end=""), "ends before its last boundary"),
        (TYPE, body((named("purpose"), "batch")), "is required and missing"),
        (TYPE, body(FILE, FILE), "given twice"),
        (TYPE, body((named("purpose"), "x" * 2000), FILE), "is longer than 1000 bytes"),
        (TYPE, body(*[(named(f"f{n}"), "x") for n in range(20)]), "more than 16 fields"),
    ],
    ids=[
        "json",
        "no boundary",
        "long boundary",
        "garbage",
        "cut",
        "no file",
        "two",
        "long",
        "many",
    ],
)
def test_what_is_no_form_with_one_file_is_refused(kind, sent, says):
    with pytest.raises(Unfit, match=says):
        read(kind, sent)


def read(kind, sent):
    form = Form(kind)
    form.feed(sent)
    return form.end()
