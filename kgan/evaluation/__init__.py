"""Scores of generators: what is extracted, cached, named and recorded around the functions of `kgan.metrics`."""

from kgan.evaluation.evaluation import Evaluation
from kgan.evaluation.protocols import PROTOCOLS, SCORES
from kgan.evaluation.records import EVALUATIONS, comparable, table
from kgan.evaluation.sources import Generated, Real, Translated, made_by

__all__ = [
    "EVALUATIONS",
    "PROTOCOLS",
    "SCORES",
    "Evaluation",
    "Generated",
    "Real",
    "Translated",
    "comparable",
    "made_by",
    "table",
]
