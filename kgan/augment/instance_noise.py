"""Noise on the inputs of the discriminator."""

import tensorflow as tf

from kgan.augment.augmentation import Augmentation
from kgan.ranges import Count, Positive


class InstanceNoise(Augmentation):
    """Gaussian noise on data and fakes, which dies away. Sonderby et al. 2016, section 3.2
    (https://arxiv.org/abs/1610.04490); Arjovsky & Bottou 2017, section 3 (https://arxiv.org/abs/1701.04862).

    Both distributions are convolved with N(0, sigma^2), so that their supports overlap and no discriminator can tell
    them apart for certain. At step t sigma = stddev * max(0, 1 - t / decay_steps).

    Args:
        stddev: sigma in the beginning, in the units of the images, above 0.
        decay_steps: training steps until there is no noise, at least 1.

    Raises:
        ValueError: an argument is out of its range.

    Example:
        >>> from kgan.randomness import Draws
        >>> noise = InstanceNoise(0.1, decay_steps=1000)
        >>> bool(tf.reduce_all(noise(tf.ones([4, 2]), Draws(0, "noise"), 1000) == 1))
        True
    """

    def __init__(self, stddev: Positive = 0.1, decay_steps: Count = 10_000):
        self.stddev, self.decay_steps = stddev, decay_steps

    def __call__(self, images, draws, step):
        sigma = self.stddev * tf.maximum(0.0, 1 - tf.cast(step, tf.float32) / self.decay_steps)
        return images + sigma * draws.normal([tf.shape(images)[0], *images.shape[1:]])
