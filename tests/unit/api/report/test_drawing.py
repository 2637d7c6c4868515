"""How charts become SVG."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.report.drawing import INK, figure, spread, svg


def drawn():
    with figure(2, 1) as made:
        made.subplots().plot([0, 1], [0, 1], color=INK)
        return made


def test_on_the_page_a_chart_takes_the_pages_colours():
    themed = svg(drawn(), "line")
    assert themed.startswith("<svg")
    assert 'aria-label="line"' in themed
    assert "var(--ink)" in themed
    assert INK not in themed


def test_elsewhere_it_has_its_own():
    plain = svg(drawn(), "line", themed=False)
    assert INK in plain
    assert "var(" not in plain


def test_the_same_figure_is_the_same_text():
    assert svg(drawn(), "line") == svg(drawn(), "line")


def test_labels_that_would_overlap_are_pushed_apart_evenly():
    assert spread([1.0, 1.0], 0.5) == pytest.approx([0.75, 1.25], abs=0.01)
    assert spread([3.0, 1.0], 0.5) == [3.0, 1.0]


@given(st.lists(st.floats(0, 10), max_size=12))
def test_labels_keep_their_order_and_their_distance(heights):
    placed = sorted(zip(heights, spread(heights, 0.3), strict=True))
    assert all(b[1] - a[1] > 0.2 for a, b in pairwise(sorted(placed, key=lambda p: p[1])))
    assert [p[1] for p in placed] == sorted(p[1] for p in placed) or len(set(heights)) < len(
        heights
    )
