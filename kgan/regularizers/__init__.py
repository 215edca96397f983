"""Terms that papers add to a player's loss."""

from kgan.regularizers.gradient_penalty import GradientPenalty
from kgan.regularizers.lipschitz_penalty import LipschitzPenalty
from kgan.regularizers.regularizer import Regularizer

__all__ = ["GradientPenalty", "LipschitzPenalty", "Regularizer"]
