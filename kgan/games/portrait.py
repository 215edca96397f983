"""What there is to say of one minibatch of a game with a discriminator: for who watches a training."""

import tensorflow as tf


def portrait(scores, real, fake):
    """How scores and examples are spread, as {name: scalar}.

    Args:
        scores: raw scores of the real and of the fake examples, a list of two tensors.
        real, fake: examples [N, ...].
    """
    both = tf.concat([tf.reshape(part, [-1]) for part in scores], axis=0)
    return {
        "score_mean": tf.reduce_mean(both),
        "score_spread": tf.math.reduce_std(both),
        "smallest_score": tf.reduce_min(tf.abs(both)),
        "real_spread": _spread(real),
        "fake_spread": _spread(fake),
    }


def _spread(images):
    """The root of the mean variance of a value over the examples."""
    return tf.sqrt(tf.reduce_mean(tf.math.reduce_variance(images, axis=0)))
