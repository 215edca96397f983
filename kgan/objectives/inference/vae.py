"""The variational autoencoder."""

import math

import keras
import tensorflow as tf
from tensorflow import reduce_mean as mean

from kgan.games.latent_variable_model import LatentVariableModel
from kgan.games.replicas import mean_over_replicas
from kgan.guards.outputs import check_raw
from kgan.kinds import Kind
from kgan.priors import Normal
from kgan.products import Codes, Samples
from kgan.ranges import Decay, Seed
from kgan.regularizers import Regularizer

CODES = Codes("encoder", "generator")

# Variances of values in [-1, 1]: standard deviations of 0.1, and of a hundredth of a grey level.
FIRST_VARIANCE, SMALLEST_VARIANCE = 0.01, 1e-8

# Of the moving average of the variance, which forgets its initial value in some thousands of steps.
DECAY = 0.999


class VAE(LatentVariableModel):
    """Variational autoencoder. Kingma & Welling 2014, equation 10 (https://arxiv.org/abs/1312.6114).

    No GAN, but what one with the same generator and latents must beat. The generator is the decoder: p(x | z) is a
    Gaussian around G(z), with one variance for all values, and the encoder gives q(z | x), a Gaussian with independent
    coordinates. Both ascend the bound log p(x) >= E log p(x | z) - KL(q(z | x) | N(0, I)).

    `elbo` is that bound, of the densities of the data as `fit` gets them, `reconstruction` and `divergence` are its
    two terms; all in nats, means over the examples. With labels it bounds log p(x | y).

    A sample is G(z), without the noise of p(x | z), for images and for vectors: so it is a function of the latents, as
    a GAN's is, and what is compared is one generator trained in two ways. (Samples of p(x) itself are those and normal
    noise of the variance `gan.variance`.)

    Args:
        generator: Keras model from latents, or from [latents, labels], to images: the decoder.
        encoder: Keras model from images, or from [images, labels], to [N, 2 latent_dim]: first the means of q(z | x),
            then the logarithms of its variances; such as `MLPEncoder`.
        regularizers: `kgan.regularizers` of weights, such as WeightDecay(1e-5), beside the bound.
        ema: decay of the generator's exponential moving average, in [0, 1); 0 for the last weights.
        seed: of every random number of the training.
        kind: see `GAN`.

    Attributes:
        variance: weight, the variance of p(x | z). For given networks the bound is largest where it is the mean squared
            error of the reconstructions: it is the moving average of that over some 1,000 steps, and needs no learning
            rate. It begins at 0.01, so that the networks first learn to reconstruct: begun at the variance of the data,
            the encoder may come to say the same of everything, and stay there.

    Raises:
        ValueError: the networks do not fit each other.

    Example:
        >>> import kgan
        >>> vae = VAE(
        ...     kgan.architectures.MLPGenerator(data_shape=(2,), latent_dim=3, units=(16, 16)),
        ...     kgan.architectures.MLPEncoder(data_shape=(2,), latent_dim=3, units=(16, 16)),
        ... )
        >>> vae.compile(generator_optimizer="adam", encoder_optimizer="adam")
        >>> history = vae.fit(tf.random.normal([64, 2]), batch_size=32, verbose=0)
        >>> sorted(history.history), vae.sample(5).shape
        (['divergence', 'elbo', 'reconstruction'], (5, 2))
    """

    players = ("generator", "encoder")
    products = (Samples("generator"), CODES)
    takes = {"generator": ("latents", "labels"), "encoder": ("images", "labels")}
    reports = ("elbo", "reconstruction", "divergence")
    prior = Normal()

    def __init__(
        self,
        generator: keras.Model,
        encoder: keras.Model,
        regularizers: tuple[Regularizer, ...] = (),
        ema: Decay = 0.999,
        seed: Seed = 0,
        kind: Kind | None = None,
    ):
        super().__init__()
        self.hold(generator=generator, encoder=encoder)
        self._check_networks()
        check_raw("encoder", encoder, 0, "means and log-variances")
        self.regularizers = tuple(regularizers)
        self.ema, self.seed, self.kind = ema, seed, kind
        self._start()
        self.variance = self.add_weight(
            shape=(), dtype="float32", initializer=keras.initializers.Constant(FIRST_VARIANCE), trainable=False,
            name="variance",
        )  # fmt: skip

    def train_step(self, data):
        real = self.minibatch(data)
        self.power_iterate(self.generator)
        self.power_iterate(self.encoder)
        with tf.GradientTape() as tape:
            means, log_variances = self.posterior(real)
            noise = self.draws("posterior").normal([tf.shape(means)[0], self.latent_dim])
            error = self.squared_error(real, means + tf.exp(log_variances / 2) * noise)
            reconstruction = mean(self.log_density(error))
            divergence = mean(gaussian_divergence(means, log_variances))
            elbo = reconstruction - divergence  # equation 10 with L = 1
            loss = -elbo + self.penalties(self.generator) + self.penalties(self.encoder)
        self.descend(loss, tape, self.generator, self.encoder)
        self.follow(mean(error))
        return self.report(elbo=elbo, reconstruction=reconstruction, divergence=divergence)

    def _check_networks(self):
        made, seen = (
            tuple(tensor.shape[1:])
            for tensor in (self.generator.outputs[0], self.inputs_of["encoder"].tensor("images"))
        )
        if made != seen:
            raise ValueError(f"The generator makes {made}, but the encoder takes {seen}; give both the same shape.")
        wanted = 2 * self.latent_dim
        widths = [output.shape[1:] for output in self.encoder.outputs]
        if widths != [(wanted,)]:
            raise ValueError(
                f"The encoder must return a mean and a log-variance for each of the {wanted // 2} latents, "
                f"[N, {wanted}]; its outputs have the shapes {widths}. Give it latent_dim={wanted // 2}."
            )

    def posterior(self, batch):
        """q(z | x) of each example of a Batch: means and logarithms of variances, float32 [N, latent_dim] each."""
        return tf.split(self.run(self.encoder, **batch.parts), 2, axis=1)

    def squared_error(self, batch, latents):
        """The mean of (x - G(z))^2 over the values of each example: float32 [N]."""
        square = tf.square(batch.images - self.generated(latents, batch.labels))
        return mean(square, axis=range(1, len(square.shape)))

    def log_density(self, error):
        """log p(x | z) of an example with this squared error, in nats."""
        values = math.prod(self.generator.output_shape[1:])
        return -values / 2 * (error / self.variance.value + tf.math.log(2 * math.pi * self.variance.value))

    def follow(self, error):
        """Brings `variance` up to date with the mean squared error of a minibatch; nothing while observing."""
        # Unlike the paper, whose decoder gives a variance for each value: one, in closed form.
        if self._moment.observing or not self._plays(self.generator):
            return
        (error,) = mean_over_replicas([error])
        self.variance.assign(tf.maximum(error + DECAY * (self.variance.value - error), SMALLEST_VARIANCE))

    def encode(self, images, labels=None, batch_size=256):
        """The latents of examples: the means of q(z | x), as `BiGAN.encode`."""
        return CODES.encode(self, images, labels, batch_size)

    def reconstruct(self, images, labels=None, batch_size=256):
        """The averaged generator's examples of these latents, as `BiGAN.reconstruct`."""
        return CODES.reconstruct(self, images, labels, batch_size)


def gaussian_divergence(means, log_variances):
    """KL(N(means, exp(log_variances)) | N(0, I)) of each row, in nats: appendix B of the paper.

    Example:
        >>> float(gaussian_divergence(tf.constant([[1.0, 0.0]]), tf.zeros([1, 2]))[0])
        0.5
    """
    return tf.reduce_sum(tf.square(means) + tf.exp(log_variances) - log_variances - 1, axis=1) / 2
