"""Adversarial losses: the pairs of equations that papers print for two players with the same game.

Each value has `discriminator(real_scores, fake_scores, draws=None)` and `generator(fake_scores)`: raw, unbounded
scores in, a scalar to descend out. Distances, such as L1, are terms between images.
"""

from kgan.losses.adversarial_loss import AdversarialLoss
from kgan.losses.boundary_seeking import BoundarySeeking
from kgan.losses.cross_entropy import Minimax, NonSaturating
from kgan.losses.distance import L1, L2, Distance
from kgan.losses.f_divergence import FDivergence
from kgan.losses.hinge import Hinge
from kgan.losses.least_squares import LeastSquares

__all__ = [
    "L1",
    "L2",
    "AdversarialLoss",
    "BoundarySeeking",
    "Distance",
    "FDivergence",
    "Hinge",
    "LeastSquares",
    "Minimax",
    "NonSaturating",
]
