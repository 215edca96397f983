"""What replicas must tell each other where a loss is not a mean over examples."""

import tensorflow as tf


def mean_over_replicas(tensors):
    """The means of `tensors` over all replicas, through which gradients flow back to each of them."""
    return _reduced("MEAN", tensors)


def sum_over_replicas(tensors):
    """The sums of `tensors` over all replicas."""
    return _reduced("SUM", tensors)


def _reduced(how, tensors):
    context = tf.distribute.get_replica_context()
    return context.all_reduce(how, tensors) if context.num_replicas_in_sync > 1 else tensors
