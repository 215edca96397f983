"""The first GAN."""

import keras
import tensorflow as tf

from kgan.games.gan import GAN
from kgan.losses import AdversarialLoss, NonSaturating
from kgan.tricks.top_k import TopK


class StandardGAN(GAN):
    """Generative adversarial nets, the first GAN. Goodfellow et al. 2014, Algorithm 1
    (https://arxiv.org/abs/1406.2661).

    The non-saturating generator loss that the paper recommends in practice is the default;
    `adversarial_loss=Minimax()` is the zero-sum game of its equation 1, and
    `NonSaturating(real_labels=(0.7, 1.2), flip=0.05)` has soft and noisy labels.

    Args:
        generator: Keras model from latents to images.
        discriminator: Keras model from images to raw scores; D(x) is their sigmoid.
        adversarial_loss: a pair of losses from `kgan.losses`.
        discriminator_steps: the paper's k.
        regularizers, ema, prior, seed, augment, replay, kind: see `GAN`.
        top_k: a `kgan.top_k.TopK`, with which the generator learns from its best fakes alone.

    Example:
        >>> import kgan
        >>> gan = StandardGAN(
        ...     kgan.architectures.MLPGenerator(data_shape=(2,), latent_dim=2),
        ...     kgan.architectures.MLPDiscriminator(data_shape=(2,)),
        ... )
        >>> gan.compile(generator_optimizer="adam", discriminator_optimizer="adam")
        >>> history = gan.fit(tf.random.normal([64, 2]), batch_size=32, verbose=0)
    """

    def __init__(
        self,
        generator: keras.Model,
        discriminator: keras.Model,
        adversarial_loss: AdversarialLoss = NonSaturating(),
        *,
        top_k: TopK | None = None,
        **options,
    ):
        super().__init__(generator, discriminator, **options)
        self.top_k = top_k
        self.adversarial_loss = adversarial_loss
        self.perfect_d_loss = adversarial_loss.perfect

    def train_step(self, data):
        for real in self.minibatches(data):  # "for k steps do"
            with tf.GradientTape() as tape:
                fake = self.fakes(real)
                d_loss = self.adversarial_loss.discriminator(self.score(real), self.score(fake), self.draws("labels"))
                d_loss += self.penalties(self.discriminator, real, fake)
            self.descend(d_loss, tape, self.discriminator)

        with tf.GradientTape() as tape:  # "sample minibatch of m noise samples", "update the generator"
            g_loss = self.adversarial_loss.generator(self.top_k_gradients(self.score(self.generate(real))))
            g_loss += self.penalties(self.generator)
        self.descend(g_loss, tape, self.generator)
        return self.report(d_loss=d_loss, g_loss=g_loss)
