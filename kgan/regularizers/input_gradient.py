"""The gradient of a discriminator's scores with respect to the images that it sees."""

import tensorflow as tf


def interpolate(real, fake, draws):
    """x_hat = u x + (1 - u) x_tilde with u ~ U[0, 1] per sample; the labels are those of the data."""
    count = tf.shape(real.images)[0]
    u = draws.uniform([count] + [1] * (len(real.images.shape) - 1))
    return real.replace(images=u * real.images + (1 - u) * fake.images)


def squared_gradient_norm(score, batch):
    """|grad_x D(x)|^2 for each sample, [N], in float32."""
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(batch.images)
        scores = score(batch)
    gradient = tf.cast(tape.gradient(scores, batch.images), tf.float32)
    return tf.reduce_sum(tf.square(gradient), axis=range(1, len(gradient.shape)))


def gradient_norm(score, batch):
    """|grad_x D(x)|_2 for each sample, [N], in float32.

    The tiny number under the root has no influence on any norm that matters, but without it a
    discriminator with zero gradient would have NaN as its penalty's gradient.
    """
    return tf.sqrt(squared_gradient_norm(score, batch) + 1e-12)
