"""The unrolled GAN."""

from typing import Annotated

import keras
import tensorflow as tf

from kgan.games import second_derivatives
from kgan.games.gan import GAN
from kgan.games.replicas import mean_over_replicas
from kgan.losses import Minimax
from kgan.ranges import Positive, Range


class UnrolledGAN(GAN):
    """Unrolled GAN: the generator looks some updates of the discriminator ahead. Metz et al. 2016, section 2
    (https://arxiv.org/abs/1611.02163).

    The generator descends f_K, the value of the game after K further steps of the discriminator, and through these
    steps: it sees how the discriminator would answer. The discriminator itself takes its usual step. f is the
    zero-sum game of Goodfellow et al. 2014: with `unroll_steps=0` this is `StandardGAN` with the `Minimax` loss.

    Args:
        generator: Keras model from latents to images.
        discriminator: Keras model from images to raw scores, without layers whose second derivative is missing.
        unroll_steps: the paper's K, at least 0. Time and memory grow with it.
        unroll_learning_rate: eta of the K steps, above 0. They are plain gradient descent, so that it has to be larger
            than the learning rate of an adaptive optimizer; but the generator gains by steps that overshoot, and if
            eta is too large it makes them do so.
        discriminator_steps, regularizers, ema, prior, seed, augment, replay, kind: see `GAN`; penalties count in the K
            steps too.

    Raises:
        ValueError: a number is out of its range.

    Example:
        >>> import kgan
        >>> gan = UnrolledGAN(
        ...     kgan.architectures.MLPGenerator(data_shape=(2,), latent_dim=2, units=(8, 8)),
        ...     kgan.architectures.MLPDiscriminator(data_shape=(2,), units=(8, 8)),
        ...     unroll_steps=2,
        ... )
        >>> gan.compile(generator_optimizer="adam", discriminator_optimizer="adam")
        >>> history = gan.fit(tf.random.normal([64, 2]), batch_size=32, verbose=0)
    """

    perfect_d_loss = 0.0
    saturates = True

    def __init__(
        self,
        generator: keras.Model,
        discriminator: keras.Model,
        unroll_steps: Annotated[int, Range("[0, inf)")] = 5,
        unroll_learning_rate: Positive = 0.01,
        **options,
    ):
        super().__init__(generator, discriminator, **options)
        self.unroll_steps, self.unroll_learning_rate = unroll_steps, unroll_learning_rate

    def differentiated_twice(self):
        ahead = {"discriminator": type(self).__name__} if self.unroll_steps else {}
        return super().differentiated_twice() | ahead

    def train_step(self, data):
        # Unlike the paper, in which both move at once, the discriminator moves first, as in Goodfellow's Algorithm 1.
        for real in self.minibatches(data):
            with tf.GradientTape() as tape:
                fake = self.fakes(real)
                d_loss = -self.value(real, fake) + self.penalties(self.discriminator, real, fake)
            self.descend(d_loss, tape, self.discriminator)

        with tf.GradientTape() as tape:
            fake = self.generate(real)
            weights = [tf.convert_to_tensor(variable.value) for variable in self.discriminator.trainable_variables]
            for _ in range(self.unroll_steps):
                weights = self.stepped(weights, real, fake)
            with self.substituted(weights):
                g_loss = self.value(real, fake) + self.penalties(self.generator)  # f_K
            second_derivatives.check(g_loss, self)
        self.descend(g_loss, tape, self.generator)
        return self.report(d_loss=d_loss, g_loss=g_loss)

    def value(self, real, fake):
        """f = E log D(x) + E log(1 - D(G(z))), which the discriminator ascends."""
        return -Minimax().discriminator(self.score(real), self.score(fake))

    def stepped(self, weights, real, fake):
        """The discriminator's weights after one more step on the same batch; differentiable."""
        with tf.GradientTape() as tape:
            tape.watch(weights)
            with self.substituted(weights):
                loss = -self.value(real, fake) + self.penalties(self.discriminator, real, fake)
        # Unlike the paper's experiments, which unroll Adam: plain gradient descent.
        slopes = mean_over_replicas(tape.gradient(loss, weights, unconnected_gradients="zero"))
        return [w - self.unroll_learning_rate * slope for w, slope in zip(weights, slopes, strict=True)]

    def substituted(self, weights):
        """A scope in which the discriminator computes with these weights, and no statistics of it move."""
        values = zip(self.discriminator.trainable_variables, weights, strict=True)
        return keras.StatelessScope(list(values), initialize_variables=False)
