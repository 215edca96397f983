"""The GAN that finds out what its codes mean."""

import math

import keras
import numpy as np
import tensorflow as tf
from tensorflow import reduce_mean as mean

from kgan.games.gan import GAN
from kgan.guards.outputs import check_raw, check_scores, order_of_heads
from kgan.losses import AdversarialLoss, NonSaturating
from kgan.randomness import Draws
from kgan.ranges import Weight


class InfoGAN(GAN):
    """InfoGAN: codes among the latents that can be read off the samples. Chen et al. 2016, equations 5 and 6
    (https://arxiv.org/abs/1606.03657).

    The latents are noise and codes c, which a second head of the discriminator, Q(c | x), guesses from the samples: V -
    lambda L_I, with the bound L_I = E log Q(c | G(z, c)) + H(c) on the mutual information of codes and samples.
    Categorical codes are uniform, and Q's are softmax probabilities; continuous ones are uniform in [-1, 1], and
    Q is a Gaussian around its outputs with the fixed variance 1, for which L_I is at most log 2 - log(2 pi) / 2 =
    -0.226 for each. `information` is L_I, in nats.

    Args:
        generator: Keras model from latents to images. A row of latents is first the noise, then the categorical codes,
            one-hot, then the continuous ones; what `latent_dim` has beyond the codes is noise.
        discriminator: Keras model from images to [raw scores, Q], in any order, see `ACGAN`. The columns of Q are the
            logits of each categorical code, and the mean of each continuous one: sum(categorical) + continuous.
        categorical: how many values each of the categorical codes has; (10,) is the paper's for MNIST.
        continuous: how many continuous codes there are; 2 is the paper's for MNIST.
        information_weight: the paper's lambda, at least 0; 1 is the paper's.
        adversarial_loss: a pair of losses from `kgan.losses`, for V.
        discriminator_steps, regularizers, ema, seed, augment, kind: see `GAN`.
        prior: of the noise, see `GAN`.

    Raises:
        ValueError: the latents leave no room for noise, or the discriminator's second output has another width.

    Example:
        >>> import kgan
        >>> x = keras.Input([2])
        >>> hidden = keras.layers.Dense(16, activation="relu")(x)
        >>> gan = InfoGAN(
        ...     kgan.architectures.MLPGenerator(data_shape=(2,), latent_dim=11),
        ...     keras.Model(x, [keras.layers.Dense(1)(hidden), keras.layers.Dense(9)(hidden)]),
        ...     categorical=(8,),
        ...     continuous=1,
        ... )
        >>> gan.compile(generator_optimizer="adam", discriminator_optimizer="adam")
        >>> history = gan.fit(tf.random.normal([64, 2]), batch_size=32, verbose=0)
        >>> walk = gan.sample(5, codes={0: 3, 1: [-1.0, -0.5, 0.0, 0.5, 1.0]})  # the other numbers are drawn
    """

    reports = ("d_loss", "g_loss", "information")

    fixes = {"replay"}

    def __init__(
        self,
        generator: keras.Model,
        discriminator: keras.Model,
        categorical: tuple[int, ...] = (10,),
        continuous: int = 2,
        information_weight: Weight = 1.0,
        adversarial_loss: AdversarialLoss = NonSaturating(),
        **options,
    ):
        super().__init__(generator, discriminator, **options)
        self.categorical, self.continuous = tuple(categorical), continuous
        if any(count < 2 for count in self.categorical) or continuous < 0 or self._code_width < 1:
            raise ValueError(
                f"There must be a code: categorical ones of at least 2 values, or continuous ones; got "
                f"categorical={categorical}, continuous={continuous}."
            )
        if self.latent_dim <= self._code_width:
            raise ValueError(
                f"The codes take {self._code_width} of the latents, so that the generator needs a latent_dim above "
                f"that; got {self.latent_dim}."
            )
        widths = [discriminator.outputs[index].shape[-1] for index in self._heads]
        if widths[1] != self._code_width:
            raise ValueError(
                f"The discriminator must return [scores, Q], with {self._code_width} columns in Q (the logits of the "
                f"categorical codes and the means of the continuous ones); its outputs have {widths} columns."
            )
        if self.categorical:  # means alone may be bounded, as the codes are
            check_raw("discriminator", discriminator, self._heads[1], "logits of Q")
        self.information_weight, self.adversarial_loss = information_weight, adversarial_loss

    def order_of_outputs(self):
        scores, q = order_of_heads(self.discriminator, "[scores, Q]")
        check_scores(self.discriminator, scores)
        return scores, q

    @property
    def _code_width(self):
        return sum(self.categorical) + self.continuous

    def train_step(self, data):
        for real in self.minibatches(data):
            with tf.GradientTape() as tape:
                fake, codes = self.coded(real)
                fake = fake.with_images(tf.stop_gradient(fake.images))
                scores, q = self.judge(fake)
                d_loss = self.adversarial_loss.discriminator(self.score(real), scores, self.draws("labels"))
                # Unlike equation 6, Q learns with the discriminator, whose body it shares, as in the paper's code.
                d_loss -= self.information_weight * self.information(codes, q)
                d_loss += self.penalties(self.discriminator, real, fake)
            self.descend(d_loss, tape, self.discriminator)

        with tf.GradientTape() as tape:
            fake, codes = self.coded(real)
            scores, q = self.judge(fake)
            information = self.information(codes, q)
            g_loss = self.adversarial_loss.generator(scores) - self.information_weight * information  # equation 6
        self.descend(g_loss, tape, self.generator)
        return self.report(d_loss=d_loss, g_loss=g_loss, information=information)

    def coded(self, like):
        """What `generate` gives, and the codes in it: (Batch, [N, columns])."""
        latents = self._latents(self.draws("latents"), tf.shape(like.images)[0])
        images = self.generator(self.generator_inputs(latents, like.labels), training=not self._moment.observing)
        return like.with_images(tf.cast(images, tf.float32)), latents[:, -self._code_width :]

    def information(self, codes, q):
        """L_I, equation 5: the mean of log Q(c | x), and the entropy of the codes, in nats."""
        *logits, means = tf.split(q, [*self.categorical, self.continuous], axis=1)
        *choices, values = tf.split(codes, [*self.categorical, self.continuous], axis=1)
        bound = tf.reduce_sum(0.5 * math.log(2 / math.pi) - mean(tf.square(values - means), axis=0) / 2)
        for count, choice, logit in zip(self.categorical, choices, logits, strict=True):
            bound += math.log(count) - mean(tf.nn.softmax_cross_entropy_with_logits(choice, logit))
        return bound

    def sample(self, n, seed=0, labels=None, truncation=None, batch_size=256, codes=None):
        """`n` samples of the averaged generator.

        Args:
            n, seed, labels, truncation, batch_size: as in `GAN.sample`; truncation is refused.
            codes: {number of a code: its value, or n of them}; the categorical codes come first, from 0 on, and
                their values count from 0. Codes that are not named are drawn.

        Returns:
            uint8 [n, height, width, channels] for images; float32 [n, d] for vectors.
        """
        if codes is None:
            return super().sample(n, seed, labels, truncation, batch_size)
        inputs = self.generator_inputs(self.latents(n, seed, truncation, codes), self.labels_for(n, labels))
        parts = tf.data.Dataset.from_tensor_slices(inputs).batch(batch_size)
        values = np.concatenate([
            self.run_averaged("generator", part, seed, index * batch_size).numpy() for index, part in enumerate(parts)
        ])  # fmt: skip
        return self.kind.stored(values)

    def latents(self, n, seed=0, truncation=None, codes=None):
        """The latents behind `sample`: float32 [n, latent_dim], a function of the seed and the codes alone."""
        if truncation is not None:
            raise ValueError("truncation would cut the codes as well; set them with sample(n, codes={...}).")
        latents = self._latents(Draws(seed, "samples"), n)
        starts = np.cumsum([self.latent_dim - self._code_width, *self.categorical] + [1] * self.continuous)
        for code, value in (codes or {}).items():
            if not 0 <= code < len(starts) - 1:
                raise ValueError(f"The codes are 0 to {len(starts) - 2}; got {code!r}.")
            columns = self._columns(code, value, n)
            latents = tf.concat([latents[:, : starts[code]], columns, latents[:, starts[code + 1] :]], axis=1)
        return latents

    def _columns(self, code, value, n):
        """One code of n samples as the generator takes it."""
        value = np.broadcast_to(np.asarray(value), [n])
        if code >= len(self.categorical):
            return tf.constant(value[:, None], tf.float32)
        count = self.categorical[code]
        if not np.isin(value, np.arange(count)).all():
            raise ValueError(f"Code {code} is a number from 0 to {count - 1}; got {value.tolist()}.")
        return tf.one_hot(value.astype(np.int32), count)

    def _latents(self, draws, count):
        # All from one normal draw, whose distribution function is uniform: two draws of one key depend on each other.
        noise, codes = self.latent_dim - self._code_width, len(self.categorical)
        normal = draws.normal([count, noise + codes + self.continuous])
        uniform = tf.math.erf(normal / math.sqrt(2))  # in [-1, 1]
        parts = [(normal if self.prior == "normal" else uniform)[:, :noise]]
        for size, share in zip(self.categorical, tf.unstack((uniform[:, noise : noise + codes] + 1) / 2, codes, axis=1),
                               strict=True):  # fmt: skip
            parts.append(tf.one_hot(tf.minimum(tf.cast(share * size, tf.int32), size - 1), size))
        return tf.concat([*parts, uniform[:, noise + codes :]], axis=1)
