"""What replicas must tell each other where a loss is not a mean over examples."""

import tensorflow as tf


def over_replicas(tensors):
    """The means of `tensors` over all replicas, through which gradients flow back to each of them."""
    context = tf.distribute.get_replica_context()
    return context.all_reduce("MEAN", tensors) if context.num_replicas_in_sync > 1 else tensors
