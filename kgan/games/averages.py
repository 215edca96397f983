"""Moving averages of networks."""

import tensorflow as tf

from kgan.guards.copies import copied


def copy_of(name, network, labels=None):
    """A copy with the same weights, which computes in float32 under every policy, and does not learn.

    Args:
        name: what to call the network.
        labels: see `kgan.guards.copies.copied`.
    """
    copy = copied(name, network, labels)
    copy.trainable = False
    for layer in copy._flatten_layers():
        layer.dtype_policy = "float32"
    return copy


def follow(average, network, decay, step):
    """Moves the average of a network's weights and statistics towards what they are after update number `step`."""
    n = tf.cast(step, tf.float32)
    decay = tf.minimum(decay, (1 + n) / (10 + n))  # so that short runs do not show their first weights
    for mean, weight in zip(average.weights, network.weights, strict=True):
        if weight.dtype.startswith("float"):
            mean.assign(weight.value + decay * (mean.value - weight.value))
        else:
            mean.assign(weight.value)
