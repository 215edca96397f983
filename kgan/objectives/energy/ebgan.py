"""The energy-based GAN."""

import keras
import tensorflow as tf
from tensorflow import reduce_mean as mean

from kgan.games.gan import GAN
from kgan.objectives.energy.autoencoder import check_autoencoder
from kgan.ranges import Positive, Weight


class EBGAN(GAN):
    """Energy-based GAN: the discriminator is an autoencoder, whose error is the energy. Zhao et al. 2016, equations 1
    and 2 and sections 2.3 and 2.4 (https://arxiv.org/abs/1609.03126).

    The discriminator is an autoencoder, and what it cannot reconstruct has a high energy D(x) = |x - Dec(Enc(x))|:
    it gives data a low energy and fakes one above the margin. `pulling_away=0.1` is the paper's EBGAN-PT, whose
    generator also makes the codes of its samples orthogonal.

    Args:
        generator: Keras model from latents to images.
        discriminator: Keras model from images to their reconstruction, or to [reconstruction, code]; the code, the
            activations of any shape from which it reconstructs, is needed for the pulling-away term alone.
        margin: the paper's m, above 0, in units of the energy, which grows with the root of the number of pixels:
            about the energy that fakes have in the beginning. 10 is the paper's for MNIST.
        pulling_away: the weight of the pulling-away term, at least 0; 0 for none.
        discriminator_steps, regularizers, ema, prior, seed, augment, replay, kind: see `GAN`; the score that
            regularizers see is the energy.

    Raises:
        ValueError: the discriminator is no autoencoder, or gives no code that the pulling-away term needs; or
            that term, which compares the samples of a batch, with several replicas.

    Example:
        >>> import kgan
        >>> x = keras.Input([2])
        >>> code = keras.layers.Dense(16, activation="relu")(x)
        >>> gan = EBGAN(
        ...     kgan.architectures.MLPGenerator(data_shape=(2,), latent_dim=2),
        ...     keras.Model(x, [keras.layers.Dense(2)(code), code]),
        ...     margin=1.0,
        ...     pulling_away=0.1,
        ... )
        >>> gan.compile(generator_optimizer="adam", discriminator_optimizer="adam")
        >>> history = gan.fit(tf.random.normal([64, 2]), batch_size=32, verbose=0)
    """

    perfect_d_loss = 0.0

    def __init__(
        self,
        generator: keras.Model,
        discriminator: keras.Model,
        margin: Positive = 10.0,
        pulling_away: Weight = 0.0,
        **options,
    ):
        super().__init__(generator, discriminator, **options)
        if pulling_away and len(discriminator.outputs) != 2:
            raise ValueError("pulling_away needs the code: the discriminator's outputs must be [reconstruction, code].")
        self.margin, self.pulling_away = margin, pulling_away

    def order_of_outputs(self):
        check_autoencoder(self.discriminator)
        return tuple(range(len(self.discriminator.outputs)))

    def makers(self):
        return super().makers() | {"discriminator": self.discriminator}

    def train_step(self, data):
        for real in self.minibatches(data):
            with tf.GradientTape() as tape:
                fake = self.fakes(real)
                d_loss = mean(self.score(real)) + mean(tf.maximum(self.margin - self.score(fake), 0))  # equation 1
                d_loss += self.penalties(self.discriminator, real, fake)
            self.descend(d_loss, tape, self.discriminator)

        with tf.GradientTape() as tape:
            fake = self.shown(self.generate(real))
            reconstruction, *code = self.outputs(fake)
            g_loss = mean(energy(fake.images, reconstruction))  # equation 2
            g_loss += self.pulling_away * pulling_away_term(*code)  # section 2.4
            g_loss += self.penalties(self.generator)
        self.descend(g_loss, tape, self.generator)
        return self.report(d_loss=d_loss, g_loss=g_loss)

    def score(self, batch):
        """The energy of each example, float32 [N]."""
        seen = self.shown(batch)
        return energy(seen.images, self.outputs(seen)[0])

    def _check_layers(self):
        super()._check_layers()
        if self.pulling_away and self.distribute_strategy.num_replicas_in_sync > 1:
            raise ValueError(
                "The pulling-away term compares the samples of a batch, of which each replica has a part; train on "
                "one device, or with pulling_away=0."
            )


def energy(images, reconstruction):
    """|x - Dec(Enc(x))|, Euclidean, [N]. The tiny number keeps the slope finite where the reconstruction is exact."""
    square = tf.square(images - reconstruction)
    return tf.sqrt(tf.reduce_sum(square, axis=range(1, len(square.shape))) + 1e-12)


def pulling_away_term(code=None):
    """The mean squared cosine between the codes of two different samples; 0 without codes."""
    if code is None:
        return tf.zeros([])
    code = tf.math.l2_normalize(tf.reshape(code, [tf.shape(code)[0], -1]), axis=1)
    cosines = tf.square(tf.matmul(code, code, transpose_b=True))
    count = tf.cast(tf.shape(code)[0], tf.float32)
    return (tf.reduce_sum(cosines) - tf.linalg.trace(cosines)) / (count * (count - 1))
