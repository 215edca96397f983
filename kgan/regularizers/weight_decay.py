"""Weights kept small."""

import tensorflow as tf

from kgan.ranges import Weight
from kgan.regularizers.regularizer import Regularizer


class WeightDecay(Regularizer):
    """weight / 2 * |w|^2 over all kernels of a player. Krogh & Hertz 1991
    (https://www.cs.toronto.edu/~hinton/absps/nipskrogh.pdf); BiGAN has it of all three networks, with 2.5e-5.

    A kernel is a weight with two axes or more: biases and gains are left free. The gradient is weight * w, so that with
    plain gradient descent each step shrinks w by the learning rate times the weight.

    Args:
        weight: at least 0.
        players: names of the players that it concerns, such as ("generator",); None for all of the game's.

    Example:
        >>> import keras
        >>> network = keras.Sequential([keras.Input([2]), keras.layers.Dense(1, kernel_initializer="ones")])
        >>> float(WeightDecay(3.0).of_weights(network))  # 3 / 2 * (1 + 1)
        3.0
    """

    def __init__(self, weight: Weight = 2.5e-5, players: tuple[str, ...] | None = None):
        self.weight, self.players = weight, None if players is None else tuple(players)

    def concerns(self, player, judges):
        return self.players is None or player in self.players

    def of_weights(self, network):
        """The weighted term of a network, a scalar."""
        kernels = [weight.value for weight in network.trainable_weights if len(weight.shape) > 1]
        if not kernels:
            return tf.zeros([])
        return self.weight / 2 * tf.add_n([tf.reduce_sum(tf.square(tf.cast(w, tf.float32))) for w in kernels])

    def __call__(self, score, real, fake, draws):
        raise TypeError("WeightDecay looks at weights alone: call of_weights(network).")
