"""Learning rates that change from update to update, besides those of Keras."""

from kgan.schedules.two_timescale import TwoTimescale

__all__ = ["TwoTimescale"]
