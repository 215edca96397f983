"""The GAN in which fakes are compared with data."""

import tensorflow as tf
from tensorflow import reduce_mean as mean
from tensorflow.nn import softplus

from kgan.games.gan import GAN


class RelativisticGAN(GAN):
    """The relativistic pairing GAN: data must look more real than fakes do. Jolicoeur-Martineau 2018, section 4.1
    (https://arxiv.org/abs/1807.00734).

    The discriminator estimates by how much each sample of the data is more real than one fake, sigmoid(D(x) - D(G(z)));
    the generator makes its fakes more real than the data. Only differences count: the scores have no zero. With
    labels, both of a pair have the same.

    Args:
        generator, discriminator, discriminator_steps, regularizers, ema, prior, seed, augment, replay, kind: see `GAN`.

    Example:
        >>> import kgan
        >>> gan = RelativisticGAN(
        ...     kgan.architectures.MLPGenerator(data_shape=(2,), latent_dim=2),
        ...     kgan.architectures.MLPDiscriminator(data_shape=(2,)),
        ... )
        >>> gan.compile(generator_optimizer="adam", discriminator_optimizer="adam")
        >>> history = gan.fit(tf.random.normal([64, 2]), batch_size=32, verbose=0)
    """

    perfect_d_loss = 0.0
    paired = True

    def train_step(self, data):
        for real in self.minibatches(data):
            with tf.GradientTape() as tape:
                fake = self.fakes(real)
                d_loss = mean(softplus(self.score(fake) - self.score(real)))  # -log sigmoid(D(x) - D(G(z)))
                d_loss += self.penalties(self.discriminator, real, fake)
            self.descend(d_loss, tape, self.discriminator)

        with tf.GradientTape() as tape:
            g_loss = mean(softplus(self.score(real) - self.score(self.generate(real))))
            g_loss += self.penalties(self.generator)
        self.descend(g_loss, tape, self.generator)
        return self.report(d_loss=d_loss, g_loss=g_loss)
