"""The boundary equilibrium GAN."""

from typing import Annotated

import keras
import tensorflow as tf
from tensorflow import reduce_mean as mean

from kgan.games.gan import GAN
from kgan.games.replicas import mean_over_replicas
from kgan.objectives.energy.autoencoder import check_autoencoder
from kgan.ranges import Positive, Range


class BEGAN(GAN):
    """Boundary equilibrium GAN: an autoencoder judges, and both its errors are kept in balance. Berthelot et al. 2017,
    sections 3.3 to 3.5 (https://arxiv.org/abs/1703.10717).

    The discriminator is an autoencoder with the loss L(v) = |v - D(v)|, and a controller keeps the players in
    balance, E L(G(z)) = gamma E L(x). `convergence` is the paper's global measure M = L(x) + |gamma L(x) - L(G(z))|,
    which falls while the training gets on, and `k` the share of the fakes in the discriminator's loss.
    The paper's optimizer is Adam(1e-4) for both, and its latents are uniform.

    Args:
        generator: Keras model from latents to images.
        discriminator: Keras model from images to their reconstruction, or to [reconstruction, code].
        diversity_ratio: the paper's gamma, from 0 to 1: the smaller, the more like the data, and each other, the
            samples are.
        balance_rate: the paper's lambda_k, above 0: how fast k moves.
        discriminator_steps, ema, prior, seed, augment, replay, kind: see `GAN`.
        regularizers: see `GAN`; the score that they see is L, of each example.

    Attributes:
        k: weight of the game, in [0, 1], 0 in the beginning.

    Raises:
        ValueError: the discriminator is no autoencoder, or a number is out of its range.

    Example:
        >>> import kgan
        >>> gan = BEGAN(
        ...     kgan.architectures.MLPGenerator(data_shape=(2,), latent_dim=2),
        ...     keras.Sequential([keras.Input([2]), keras.layers.Dense(1), keras.layers.Dense(2)]),
        ... )
        >>> gan.compile(generator_optimizer="adam", discriminator_optimizer="adam")
        >>> history = gan.fit(tf.random.normal([64, 2]), batch_size=32, verbose=0).history
        >>> sorted(history)
        ['convergence', 'd_loss', 'g_loss', 'k']
    """

    reports = ("d_loss", "g_loss", "convergence", "k")

    def __init__(
        self,
        generator: keras.Model,
        discriminator: keras.Model,
        diversity_ratio: Annotated[float, Range("[0, 1]")] = 0.5,
        balance_rate: Positive = 0.001,
        **options,
    ):
        super().__init__(generator, discriminator, **options)
        self.diversity_ratio, self.balance_rate = diversity_ratio, balance_rate
        self.k = self.add_weight(shape=(), dtype="float32", initializer="zeros", trainable=False, name="k")

    def order_of_outputs(self):
        check_autoencoder(self.discriminator)
        return tuple(range(len(self.discriminator.outputs)))

    def makers(self):
        return super().makers() | {"discriminator": self.discriminator}

    def train_step(self, data):
        k = tf.identity(self.k.value)
        for real in self.minibatches(data):
            with tf.GradientTape() as tape:
                fake = self.fakes(real)
                real_loss = mean(self.score(real))
                d_loss = real_loss - k * mean(self.score(fake))  # L_D
                d_loss += self.penalties(self.discriminator, real, fake)
            self.descend(d_loss, tape, self.discriminator)

        with tf.GradientTape() as tape:
            g_loss = mean(self.score(self.generate(real)))  # L_G
            loss = g_loss + self.penalties(self.generator)
        self.descend(loss, tape, self.generator)

        real_loss, fake_loss = mean_over_replicas([real_loss, g_loss])
        balance = self.diversity_ratio * real_loss - fake_loss
        self.remember(tf.clip_by_value(k + self.balance_rate * balance, 0, 1))  # k_{t+1}
        return self.report(d_loss=d_loss, g_loss=g_loss, convergence=real_loss + tf.abs(balance), k=k)

    def score(self, batch):
        """L(v) of each example, the mean of |v - D(v)| over its values: float32 [N]."""
        seen = self.shown(batch)
        distance = tf.abs(seen.images - self.outputs(seen)[0])
        return tf.reduce_mean(distance, axis=range(1, len(distance.shape)))

    def remember(self, k):
        """The k of the next step; on held-out data it stays."""
        if not self._moment.observing:
            self.k.assign(k)
