"""The Wasserstein GAN with gradient penalty."""

import keras
import tensorflow as tf
from tensorflow import reduce_mean as mean

from kgan.games.gan import GAN
from kgan.ranges import Steps
from kgan.regularizers import GradientPenalty, Regularizer
from kgan.remarks import remark
from kgan.tricks.top_k import TopK


class WGANGP(GAN):
    """Wasserstein GAN with gradient penalty. Gulrajani et al. 2017, Algorithm 1 (https://arxiv.org/abs/1704.00028).

    The paper's optimizer is Adam(1e-4, beta_1=0, beta_2=0.9) for both.

    Args:
        generator: Keras model from latents to images.
        discriminator: the critic: Keras model from images to scores, without layers that couple the examples of a
            minibatch (see `GradientPenalty`), such as batch normalisation; layer normalisation is the paper's
            replacement.
        discriminator_steps: the paper's n_critic.
        regularizers: the penalty, `GradientPenalty(10.0)` by default: lambda is its weight.
        ema, prior, seed, augment, replay, kind: see `GAN`.
        top_k: a `kgan.top_k.TopK`, with which the generator learns from its best fakes alone.

    Raises:
        ValueError: the critic couples the examples of a minibatch.

    Example:
        >>> import kgan
        >>> gan = WGANGP(
        ...     kgan.architectures.DCGANGenerator(image_shape=(8, 8, 1), latent_dim=16),
        ...     kgan.architectures.DCGANDiscriminator(image_shape=(8, 8, 1), normalization="layer"),
        ... )
        >>> gan.compile(generator_optimizer="adam", discriminator_optimizer="adam")
        >>> history = gan.fit(tf.zeros([40, 8, 8, 1]), batch_size=20, verbose=0)
    """

    def __init__(
        self,
        generator: keras.Model,
        discriminator: keras.Model,
        discriminator_steps: Steps = 5,
        regularizers: tuple[Regularizer, ...] = (GradientPenalty(10.0),),
        *,
        top_k: TopK | None = None,
        **options,
    ):
        super().__init__(
            generator, discriminator, discriminator_steps=discriminator_steps, regularizers=regularizers, **options
        )
        self.top_k = top_k
        if not self.regularizers:
            remark(
                f"{type(self).__name__} without a penalty (regularizers is empty) bounds its critic by nothing, and "
                f"its losses mean no distance; leave regularizers out for the paper's."
            )

    def train_step(self, data):
        for real in self.minibatches(data):  # lines 2-10
            with tf.GradientTape() as tape:
                fake = self.fakes(real)
                d_loss = mean(self.score(fake)) - mean(self.score(real))  # line 7
                d_loss += self.penalties(self.discriminator, real, fake)
            self.descend(d_loss, tape, self.discriminator)

        with tf.GradientTape() as tape:  # lines 11-12
            g_loss = -mean(self.top_k_gradients(self.score(self.generate(real))))
            g_loss += self.penalties(self.generator)
        self.descend(g_loss, tape, self.generator)
        return self.report(d_loss=d_loss, g_loss=g_loss)
