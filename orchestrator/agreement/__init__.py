"""Which answers to one question are the same answer, however they are put.

`grouping` decides, purely; `comparer` finds out beforehand what only mathematics or a sentence
encoder can tell.
"""

from orchestrator.agreement.comparer import Alike, Comparer, MeaningComparer, WordsOnly
from orchestrator.agreement.grouping import Likeness, forms, representatives, same
from orchestrator.agreement.mathematics import Mathematics

__all__ = [
    "Alike",
    "Comparer",
    "Likeness",
    "Mathematics",
    "MeaningComparer",
    "WordsOnly",
    "forms",
    "representatives",
    "same",
]
