"""Dot products that are the same bits in any company, on any machine.

BLAS rounds a sum by the shape it is given and by a row's place in it, so a question asked alone and
the same question among a thousand would differ in the last bits, and ties would break differently.
Here nothing is left to round: numbers lie on a grid so coarse that every product and every partial
sum, in whatever order, fits float32's 24 bits. By Cauchy and Schwarz no partial sum exceeds the
product of the lengths, so 11 bits of a unit vector and 12 of the table's longest row fit. That
moves a cosine by about 0.0002.
"""

import numpy as np
from numpy.typing import NDArray

from routing.encoder import Vectors

FINE = np.float32(2.0**11)  # steps in 1


def on_grid(vectors: Vectors) -> Vectors:
    """Unit vectors, shape (questions, dimension), each number rounded to a multiple of 1/2048."""
    rounded: Vectors = np.rint(vectors * FINE) / FINE
    return rounded


def table_on_grid(table: Vectors | NDArray[np.float64]) -> Vectors:
    """Rows of any length, shape (rows, dimension), rounded to what `products` can multiply."""
    longest = float(np.linalg.norm(table, axis=1).max(initial=0.0))
    # the 1.5 leaves unit rows that were rounded up a little the grid of unit rows
    steps = np.float32(2.0 * FINE / 2.0 ** np.ceil(np.log2(longest / 1.5))) if longest else FINE
    return np.ascontiguousarray(np.rint(table * steps) / steps, np.float32)


def products(vectors: Vectors, table: Vectors) -> Vectors:
    """vectors @ table.T, exactly, shape (rows, table rows); the table from `table_on_grid`."""
    found: Vectors = on_grid(vectors) @ table.T
    return found
