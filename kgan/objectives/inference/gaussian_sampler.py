"""The Gaussian baseline."""

import math

import keras
import tensorflow as tf

from kgan.games import averages
from kgan.games.latent_variable_model import LatentVariableModel
from kgan.games.replicas import sum_over_replicas
from kgan.kinds import Kind
from kgan.priors import Normal

# A coordinate whose standard deviation is below this share of its mean counts as constant: float64 rounding alone
# gives a variance of that size.
CONSTANT = 1e-12
# Added to the diagonal of the correlation matrix, so that it has a Cholesky factor where coordinates are dependent.
JITTER = 1e-9


class GaussianSampler(LatentVariableModel):
    """The Gaussian with the mean and the covariance of the data, fitted by maximum likelihood.

    No GAN, but what one must beat: all that means and covariances know of the data, or with `covariance="diagonal"` of
    the generator all that single pixels know. Each step joins a batch to the mean and the covariance of all that came
    before by the update of Chan, Golub & LeVeque 1983 (https://doi.org/10.1080/00031305.1983.10483115), in float64:
    after one pass over the data they are exact, whatever the size of the batches, and nothing learns after that. The
    generator is x = mean + L z, with L the factor of the covariance C = L L^T (Cholesky's, which takes D^3 operations
    of an example with D values in every step: let the batches be large). Values that are constant or
    depend on others are no obstacle: L is that of C with 1e-9 of each variance added to it.

    `variance` is the mean over examples and values of (x - mean)^2, of the batch.

    Args:
        generator: `kgan.architectures.GaussianGenerator`, or a Keras model like it: mean + L z of as many latents as an
            example has values, whose only weights are the kernel, L^T or its diagonal, and the bias, the mean.
        kind: see `GAN`.

    Raises:
        ValueError: the generator is none of those.

    Example:
        >>> import kgan
        >>> sampler = GaussianSampler(kgan.architectures.GaussianGenerator((2,), covariance="full"))
        >>> sampler.compile()  # without optimizers
        >>> data = tf.constant([[1.0, 0.0], [-1.0, 0.0], [1.0, 0.5], [-1.0, 0.5]])
        >>> history = sampler.fit(data, batch_size=2, verbose=0)
        >>> sampler.mean.numpy(), sampler.covariance.numpy()
        (array([0.  , 0.25]), array([[1.    , 0.    ], [0.    , 0.0625]]))
        >>> sampler.sample(3).shape
        (3, 2)
    """

    players = ()
    reports = ("variance",)
    ema, prior = 0.0, Normal()

    def __init__(self, generator: keras.Model, kind: Kind | None = None):
        super().__init__()
        self.hold(generator=generator)
        size = math.prod(generator.output_shape[1:])
        shapes = [tuple(weight.shape) for weight in generator.weights]
        if generator.inputs[0].shape[-1] != size or shapes not in ([(size,), (size,)], [(size, size), (size,)]):
            raise ValueError(
                f"GaussianSampler needs a generator that is mean + L z, such as GaussianGenerator; got "
                f"{generator.name!r} with weights of the shapes {shapes}."
            )
        self.kind = kind
        self._start()
        self.count = self._sum("count", [])
        self.mean = self._sum("mean", [size])
        self.scatter = self._sum("scatter", shapes[0])

    def _sum(self, name, shape):
        return self.add_weight(
            shape=shape, dtype="float64", initializer="zeros", trainable=False, autocast=False, name=name
        )  # fmt: skip

    @property
    def covariance(self):
        """The covariance of all that was seen, float64 [D, D]; of a diagonal one the diagonal [D]."""
        return self.scatter.value / self.count.value

    def train_step(self, data):
        x = self.minibatch(data).images
        x = tf.cast(tf.reshape(x, [tf.shape(x)[0], self.latent_dim]), tf.float64)
        self.learn(x)
        return self.report(variance=tf.cast(tf.reduce_mean(tf.square(x - self.mean.value)), tf.float32))

    def learn(self, x):
        """Joins the rows of x to what was seen, and gives the generator the result; nothing while observing."""
        if not self._moment.observing:
            self.join(x)
            self.take_over()

    def join(self, x):
        """Joins the rows of x, on all replicas, to what was seen."""
        rows, total = sum_over_replicas([tf.cast(tf.shape(x)[0], tf.float64), tf.reduce_sum(x, axis=0)])
        center = total / rows
        (scatter,) = sum_over_replicas([self.squares(x - center)])
        shift, share = center - self.mean.value, rows / (self.count.value + rows)
        scatter += self.squares(shift[None]) * share * self.count.value
        self.scatter.assign_add(scatter)
        self.mean.assign_add(share * shift)
        self.count.assign_add(rows)

    def squares(self, x):
        """The sum over rows of x x^T, or of its diagonal."""
        if len(self.scatter.shape) == 1:
            return tf.reduce_sum(tf.square(x), axis=0)
        return tf.matmul(x, x, transpose_a=True)

    def take_over(self):
        """Gives the generator mean and covariance of what was seen."""
        full = len(self.scatter.shape) == 2
        varies = (tf.linalg.diag_part(self.covariance) if full else self.covariance) > tf.square(
            CONSTANT * self.mean.value
        )
        factor = _factor(self.covariance, varies) if full else tf.sqrt(tf.where(varies, self.covariance, 0))
        kernel, bias = self.generator.weights
        kernel.assign(tf.cast(tf.transpose(factor), tf.float32))
        bias.assign(tf.cast(self.mean.value, tf.float32))
        averages.follow(self.ema_generator, self.generator, self.ema, self.step.value)


def _factor(covariance, varies):
    """L of L L^T = C. Of the values that do not vary, rows and columns are 0."""
    scale = tf.sqrt(tf.where(varies, tf.linalg.diag_part(covariance), 0))
    inverse = tf.math.divide_no_nan(tf.ones_like(scale), scale)
    correlation = tf.where(varies[:, None] & varies, covariance * inverse[:, None] * inverse, 0)
    correlation = tf.linalg.set_diag(correlation, tf.fill(tf.shape(scale), tf.constant(1 + JITTER, tf.float64)))
    return scale[:, None] * tf.linalg.cholesky(correlation)
