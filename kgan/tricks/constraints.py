"""What holds of a weight after every update."""

import keras
import tensorflow as tf

from kgan.configurable import Configurable
from kgan.ranges import Positive


class WeightClipping(Configurable, keras.constraints.Constraint):
    """Keeps every entry of a weight in [-clip, clip]. Arjovsky et al. 2017, Algorithm 1, line 7
    (https://arxiv.org/abs/1701.07875): a critic with bounded weights is K-Lipschitz for some K.

    Args:
        clip: the paper's c, above 0.

    Example:
        >>> WeightClipping(0.01)(tf.constant([-1.0, 0.005])).numpy().tolist()
        [-0.009999999776482582, 0.004999999888241291]
    """

    def __init__(self, clip: Positive = 0.01):
        self.clip = clip

    def __call__(self, weight):
        return tf.clip_by_value(weight, -self.clip, self.clip)
