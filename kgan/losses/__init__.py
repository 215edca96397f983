"""Adversarial losses: the pairs of equations that papers print for two players with the same game.

Each value has `discriminator(real_scores, fake_scores, draws=None)` and `generator(fake_scores)`: raw, unbounded
scores in, a scalar to descend out.
"""

from kgan.losses.adversarial_loss import AdversarialLoss
from kgan.losses.boundary_seeking import BoundarySeeking
from kgan.losses.cross_entropy import Minimax, NonSaturating
from kgan.losses.f_divergence import FDivergence
from kgan.losses.hinge import Hinge
from kgan.losses.least_squares import LeastSquares

__all__ = [
    "AdversarialLoss",
    "BoundarySeeking",
    "FDivergence",
    "Hinge",
    "LeastSquares",
    "Minimax",
    "NonSaturating",
]
