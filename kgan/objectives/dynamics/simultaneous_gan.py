"""The game in which both players move at once."""

import keras
import tensorflow as tf

from kgan.games.gan import GAN
from kgan.losses import AdversarialLoss, NonSaturating
from kgan.tricks.top_k import TopK


class SimultaneousGAN(GAN):
    """Simultaneous gradient descent: both players step from the same point. Mescheder et al. 2017, section 2.2 and
    Algorithm 1 with gamma = 0 (https://arxiv.org/abs/1705.10461).

    On the game f(x, y) = x y steps of the length h lead away from the equilibrium, by the factor sqrt(1 + h^2) each,
    where players who take turns, as in `StandardGAN`, go round it. `ConsensusGAN` mends that.

    Args:
        generator: Keras model from latents to images.
        discriminator: Keras model from images to raw scores.
        adversarial_loss: a pair of losses from `kgan.losses`.
        regularizers, ema, prior, seed, augment, kind: see `GAN`.
        top_k: a `kgan.top_k.TopK`, with which the generator learns from its best fakes alone.

    Example:
        >>> import kgan
        >>> gan = SimultaneousGAN(
        ...     kgan.architectures.MLPGenerator(data_shape=(2,), latent_dim=2),
        ...     kgan.architectures.MLPDiscriminator(data_shape=(2,)),
        ... )
        >>> gan.compile(generator_optimizer="adam", discriminator_optimizer="adam")
        >>> history = gan.fit(tf.random.normal([64, 2]), batch_size=32, verbose=0)
    """

    fixes = {"discriminator_steps", "replay"}

    def __init__(
        self,
        generator: keras.Model,
        discriminator: keras.Model,
        adversarial_loss: AdversarialLoss = NonSaturating(),
        *,
        top_k: TopK | None = None,
        **options,
    ):
        super().__init__(generator, discriminator, discriminator_steps=1, **options)
        self.top_k = top_k
        self.adversarial_loss = adversarial_loss
        self.perfect_d_loss = adversarial_loss.perfect

    def train_step(self, data):
        (real,) = self.minibatches(data)
        with tf.GradientTape(persistent=True) as tape:
            fake = self.generate(real)
            scores = self.score(fake)
            d_loss = self.adversarial_loss.discriminator(self.score(real), scores, self.draws("labels"))
            d_loss += self.penalties(self.discriminator, real, fake.replace(images=tf.stop_gradient(fake.images)))
            g_loss = self.adversarial_loss.generator(self.top_k_gradients(scores))
            g_loss += self.penalties(self.generator)
        # The tape holds the values from before either has moved.
        self.descend(d_loss, tape, self.discriminator)
        self.descend(g_loss, tape, self.generator)
        return self.report(d_loss=d_loss, g_loss=g_loss)
