"""Top-k training of generators."""

from typing import Annotated

import tensorflow as tf

from kgan.configurable import Configurable
from kgan.ranges import Count, Range

__all__ = ["TopK"]


class TopK(Configurable):
    """The generator learns from its k best fakes alone. Sinha et al. 2020, Algorithm 1 (https://arxiv.org/abs/2002.06224).

    The best are those that the discriminator scores highest: it sets the gradients of the others to zero, which, where
    the discriminator thinks little of a fake, may point anywhere. Of N fakes in all, on all replicas,
    k = N max(final, gamma^t), rounded up, with gamma = final^(1 / decay_steps): all of them in the beginning. The loss
    that is reported is that of all fakes, and its gradient the one of the mean over the k.

    Args:
        final: the share of the fakes in the end, the paper's nu, above 0 and at most 1.
        decay_steps: training steps until then, at least 1.

    Raises:
        ValueError: an argument is out of its range.

    Example:
        >>> scores = tf.constant([1.0, 4.0, 2.0, 3.0])
        >>> with tf.GradientTape() as tape:
        ...     tape.watch(scores)
        ...     mean = tf.reduce_mean(TopK(0.5, decay_steps=100)(scores, step=100))
        >>> tape.gradient(mean, scores).numpy().tolist()
        [0.0, 0.5, 0.0, 0.5]
    """

    def __init__(self, final: Annotated[float, Range("(0, 1]")] = 0.5, decay_steps: Count = 10_000):
        self.final, self.decay_steps = final, decay_steps

    def share(self, step):
        """k / N at a step."""
        return tf.maximum(self.final, tf.pow(self.final, tf.cast(step, tf.float32) / self.decay_steps))

    def __call__(self, scores, step):
        """The same scores, whose gradient reaches the best alone, N / k times as large.

        Args:
            scores: of this replica's fakes, [N] or [N, ...]; samples with several scores are ranked by their mean.
            step: the training steps done.
        """
        count = tf.shape(scores)[0]
        means = tf.reduce_mean(tf.reshape(tf.stop_gradient(scores), [count, -1]), axis=1)
        context = tf.distribute.get_replica_context()
        if context.num_replicas_in_sync > 1:
            means = context.all_gather(means, axis=0)
        rank = tf.math.invert_permutation(tf.argsort(means, direction="DESCENDING"))
        rank = rank[context.replica_id_in_sync_group * count :][:count]
        total = tf.cast(tf.shape(means)[0], tf.float32)
        k = tf.math.ceil(total * self.share(step) - 1e-3)
        factor = tf.where(tf.cast(rank, tf.float32) < k, total / k, 0.0)
        factor = tf.reshape(factor, [-1] + [1] * (len(scores.shape) - 1))
        still = tf.stop_gradient(scores)
        return still + factor * (scores - still)
