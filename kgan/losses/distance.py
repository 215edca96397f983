"""Distances between images, as terms of a loss."""

import tensorflow as tf
from tensorflow import reduce_mean as mean

from kgan.configurable import Configurable
from kgan.ranges import Weight


class Distance(Configurable):
    """A term that pulls images to others, such as what is translated there and back to where it came from.

    Args:
        weight: of the term in the loss, at least 0.
    """

    def __init__(self, weight: Weight = 1.0):
        self.weight = weight

    def __call__(self, made, wanted):
        """The term, a scalar, of images [N, ...] and as many wanted ones."""
        raise NotImplementedError


class L1(Distance):
    """weight E |x - y|, the mean over all values, as CycleGAN's cycle and identity terms have it. Zhu et al. 2017,
    equation 2 (https://arxiv.org/abs/1703.10593).

    Args:
        weight: see `Distance`.

    Example:
        >>> float(L1(10.0)(tf.constant([[1.0, 3.0]]), tf.constant([[0.0, 3.0]])))
        5.0
    """

    def __call__(self, made, wanted):
        return self.weight * mean(tf.abs(made - wanted))


class L2(Distance):
    """weight E (x - y)^2, the mean over all values, as DiscoGAN's reconstruction has it. Kim et al. 2017, section 2.2
    (https://arxiv.org/abs/1703.05192).

    Args:
        weight: see `Distance`.

    Example:
        >>> float(L2(10.0)(tf.constant([[2.0, 3.0]]), tf.constant([[0.0, 3.0]])))
        20.0
    """

    def __call__(self, made, wanted):
        return self.weight * mean(tf.square(made - wanted))
