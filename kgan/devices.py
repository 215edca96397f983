"""Which devices take part in a training, and as what."""

import contextlib


def scope(strategy):
    """The scope of a `tf.distribute` strategy; of none, an empty one."""
    return contextlib.nullcontext() if strategy is None else strategy.scope()
