"""Evaluation: recorded answers replayed through the deliberation that production runs.

Evidence comes from one part of the questions, results from another; nothing is tuned on the
part that is reported, neither ours nor a baseline's.
"""

from orchestrator.evaluation.report import Report, Result
from orchestrator.evaluation.run import evaluate
from orchestrator.evaluation.significance import wilson
from orchestrator.evaluation.splits import NothingToEvaluate, Splits, restricted

__all__ = [
    "NothingToEvaluate",
    "Report",
    "Result",
    "Splits",
    "evaluate",
    "restricted",
    "wilson",
]
