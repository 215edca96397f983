"""Terms that papers add to a player's loss."""

from kgan.regularizers.dragan import DRAGAN
from kgan.regularizers.gradient_penalty import GradientPenalty
from kgan.regularizers.lipschitz_penalty import LipschitzPenalty
from kgan.regularizers.r1 import R1
from kgan.regularizers.r2 import R2
from kgan.regularizers.regularizer import Regularizer
from kgan.regularizers.weight_decay import WeightDecay

__all__ = ["DRAGAN", "R1", "R2", "GradientPenalty", "LipschitzPenalty", "Regularizer", "WeightDecay"]
