"""Learning rates that change from update to update, besides those of Keras."""

from kgan.schedules.constant_then_linear import ConstantThenLinear
from kgan.schedules.two_timescale import TwoTimescale

__all__ = ["ConstantThenLinear", "TwoTimescale"]
