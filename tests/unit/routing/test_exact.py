"""Exact products: nothing is rounded, so nothing depends on who else is there."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.exact import on_grid, products, table_on_grid

SEEDS = st.integers(0, 2**32 - 1)
SCALES = st.sampled_from([1.0, 1e-3, 0.7, 5.0])


def unit(random, count, dimension=384):
    drawn = random.normal(size=(count, dimension))
    return (drawn / np.linalg.norm(drawn, axis=1, keepdims=True)).astype(np.float32)


@given(SEEDS, st.integers(1, 80), st.sampled_from([1, 5, 16, 129]), SCALES)
def test_products_are_the_same_bits_alone_and_in_any_company(seed, count, rows, scale):
    random = np.random.default_rng(seed)
    vectors, table = unit(random, count), table_on_grid(unit(random, rows) * np.float32(scale))
    together = products(vectors, table)
    order = random.permutation(count)
    assert np.array_equal(products(vectors[order], table), together[order])
    for i in range(count):
        assert np.array_equal(products(vectors[i : i + 1], table)[0], together[i])


@given(SEEDS, st.sampled_from([1, 2, 40, 384]), SCALES)
def test_nothing_is_rounded(seed, dimension, scale):
    random = np.random.default_rng(seed)
    vectors = unit(random, 2, dimension)
    table = table_on_grid(unit(random, 2, dimension) * np.float32(scale))
    found = products(vectors, table)
    for i, vector in enumerate(on_grid(vectors).tolist()):
        for j, row in enumerate(table.tolist()):
            exact = sum(Fraction(a) * Fraction(b) for a, b in zip(vector, row, strict=True))
            assert Fraction(float(found[i, j])) == exact


@given(SEEDS, SCALES)
def test_the_grid_moves_a_product_by_next_to_nothing(seed, scale):
    random = np.random.default_rng(seed)
    vectors, table = unit(random, 9), unit(random, 20) * np.float32(scale)
    near = products(vectors, table_on_grid(table))
    assert near == pytest.approx(vectors @ table.T, abs=2e-3 * scale)


@given(SEEDS)
def test_unit_vectors_that_lie_on_the_grid_stay(seed):
    vectors = unit(np.random.default_rng(seed), 3)
    assert np.array_equal(on_grid(on_grid(vectors)), on_grid(vectors))
    assert np.array_equal(table_on_grid(table_on_grid(vectors)), table_on_grid(vectors))


def test_tables_of_nothing_are_on_the_grid():
    assert table_on_grid(np.zeros((0, 4), np.float32)).shape == (0, 4)
    assert table_on_grid(np.zeros((2, 4), np.float32)).tolist() == [[0] * 4] * 2
    assert products(np.zeros((0, 4), np.float32), np.zeros((2, 4), np.float32)).shape == (0, 2)
