"""The Wasserstein GAN with weight clipping."""

import keras
import tensorflow as tf
from tensorflow import reduce_mean as mean

from kgan.games.gan import GAN
from kgan.ranges import Positive, Steps
from kgan.tricks.constraints import WeightClipping
from kgan.tricks.top_k import TopK


class WGAN(GAN):
    """Wasserstein GAN with clipped weights. Arjovsky et al. 2017, Algorithm 1 (https://arxiv.org/abs/1701.07875).

    The critic maximises E f(x) - E f(g(z)), whose supremum over K-Lipschitz f is K times the
    Wasserstein-1 distance; -d_loss is the estimate. The paper's optimizer is RMSprop(5e-5) for both.

    Args:
        generator: Keras model from latents to images.
        discriminator: the critic: Keras model from images to scores, without a sigmoid. Each of its trainable
            weights gets the constraint `WeightClipping(clip)`.
        clip: the paper's c: every weight of the critic stays in [-clip, clip].
        discriminator_steps: the paper's n_critic.
        regularizers, ema, prior, seed, augment, replay, kind: see `GAN`.
        top_k: a `kgan.top_k.TopK`, with which the generator learns from its best fakes alone.

    Raises:
        ValueError: a weight of the critic already has another constraint.

    Example:
        >>> import kgan
        >>> gan = WGAN(
        ...     kgan.architectures.MLPGenerator(data_shape=(2,), latent_dim=2),
        ...     kgan.architectures.MLPDiscriminator(data_shape=(2,)),
        ... )
        >>> max(float(tf.reduce_max(tf.abs(weight))) for weight in gan.discriminator.trainable_variables) <= 0.01
        True
    """

    def __init__(
        self,
        generator: keras.Model,
        discriminator: keras.Model,
        clip: Positive = 0.01,
        discriminator_steps: Steps = 5,
        *,
        top_k: TopK | None = None,
        **options,
    ):
        super().__init__(generator, discriminator, discriminator_steps=discriminator_steps, **options)
        self.top_k = top_k
        self.clip = clip
        self.constrain(discriminator)
        self.derived.note()

    def constrain(self, network):
        if network is self.discriminator:
            _clip_weights(network, WeightClipping(self.clip))

    def train_step(self, data):
        for real in self.minibatches(data):  # lines 2-8
            with tf.GradientTape() as tape:
                fake = self.fakes(real)
                d_loss = mean(self.score(fake)) - mean(self.score(real))  # line 5, its sign turned to descend
                d_loss += self.penalties(self.discriminator, real, fake)
            self.descend(d_loss, tape, self.discriminator)  # lines 6 and 7: the constraint clips after the update

        with tf.GradientTape() as tape:  # lines 9-11
            g_loss = -mean(self.top_k_gradients(self.score(self.generate(real))))
            g_loss += self.penalties(self.generator)
        self.descend(g_loss, tape, self.generator)
        return self.report(d_loss=d_loss, g_loss=g_loss)


def _clip_weights(critic, clipping):
    for variable in critic.trainable_variables:
        if variable.constraint is not None and getattr(variable.constraint, "clip", None) != clipping.clip:
            raise ValueError(
                f"The critic's weight {variable.path!r} already has the constraint {variable.constraint!r}, "
                f"which clipping would replace; remove it from the layer."
            )
        variable.constraint = clipping
        variable.assign(clipping(variable.value))
