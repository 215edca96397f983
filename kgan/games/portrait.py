"""What there is to say of one minibatch of a game with a discriminator: for who watches a training."""

import math

import numpy as np
import tensorflow as tf

# How many coordinates the mean of the fakes is reduced to.
COORDINATES = 8


def portrait(scores, real, fake):
    """How scores and examples are spread, and where the fakes are, as {name: scalar}.

    Args:
        scores: raw scores of the real and of the fake examples, a list of two tensors.
        real, fake: examples [N, ...].

    Returns:
        * score_mean, score_spread, smallest_score: mean and standard deviation of all scores, and their least size.
        * real_spread, fake_spread: the root of the mean variance of a value over the examples.
        * fake_extent: the root mean square distance of the fakes from the mean of the data, divided by that of the
          data. Near 1 for fakes that are like the data.
        * fake_center_0, ...: the mean of the fakes in at most 8 fixed random directions. Distances between two such
          centers compare with the spreads: of examples with up to 8 values they are exact, of others estimates.
    """
    both = tf.concat([tf.reshape(part, [-1]) for part in scores], axis=0)
    center = tf.reduce_mean(real, axis=0)
    return {
        "score_mean": tf.reduce_mean(both),
        "score_spread": tf.math.reduce_std(both),
        "smallest_score": tf.reduce_min(tf.abs(both)),
        "real_spread": _spread(real),
        "fake_spread": _spread(fake),
        "fake_extent": tf.math.divide_no_nan(_distance(fake, center), _distance(real, center)),
        **{f"fake_center_{axis}": value for axis, value in enumerate(_projected(tf.reduce_mean(fake, axis=0)))},
    }


def _spread(images):
    """The root of the mean variance of a value over the examples."""
    return tf.sqrt(tf.reduce_mean(tf.math.reduce_variance(images, axis=0)))


def _distance(images, center):
    """The root of the mean squared distance of a value from that of `center`."""
    return tf.sqrt(tf.reduce_mean(tf.square(images - center)))


def _projected(example):
    """Coordinates of an example in fixed random directions; a difference has the size of the mean one of a value."""
    size = math.prod(example.shape)
    count = min(size, COORDINATES)
    directions, _ = np.linalg.qr(np.random.default_rng(0).normal(size=[size, count]))
    flat = tf.reshape(example, [size])
    return tf.unstack(tf.linalg.matvec(directions.astype("float32"), flat, transpose_a=True) / count**0.5)
