"""The GAN that finds out what its codes mean."""

import math

import keras
import tensorflow as tf
from tensorflow import reduce_mean as mean

from kgan.games.gan import GAN
from kgan.guards.outputs import check_raw, check_scores, order_of_heads
from kgan.losses import AdversarialLoss, NonSaturating
from kgan.priors import NoiseAndCodes
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
        prior: of the noise, see `GAN`; the codes are those of `kgan.priors.NoiseAndCodes`.

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
        self._codes = NoiseAndCodes(self.categorical, continuous, self.prior)
        if self.latent_dim <= self._codes.width:
            raise ValueError(
                f"The codes take {self._codes.width} of the latents, so that the generator needs a latent_dim above "
                f"that; got {self.latent_dim}."
            )
        widths = [discriminator.outputs[index].shape[-1] for index in self._heads]
        if widths[1] != self._codes.width:
            raise ValueError(
                f"The discriminator must return [scores, Q], with {self._codes.width} columns in Q (the logits of the "
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
    def drawn_from(self):
        return self._codes

    def train_step(self, data):
        for real in self.minibatches(data):
            with tf.GradientTape() as tape:
                fake, codes = self.coded(real)
                fake = fake.replace(images=tf.stop_gradient(fake.images))
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
            g_loss += self.penalties(self.generator)
        self.descend(g_loss, tape, self.generator)
        return self.report(d_loss=d_loss, g_loss=g_loss, information=information)

    def coded(self, like):
        """What `generate` gives, and the codes in it: (Batch, [N, columns])."""
        latents = self._latents(self.draws("latents"), tf.shape(like.images)[0])
        return like.replace(images=self.generated(latents, like.labels)), latents[:, -self._codes.width :]

    def information(self, codes, q):
        """L_I, equation 5: the mean of log Q(c | x), and the entropy of the codes, in nats."""
        *logits, means = tf.split(q, [*self.categorical, self.continuous], axis=1)
        *choices, values = tf.split(codes, [*self.categorical, self.continuous], axis=1)
        bound = tf.reduce_sum(0.5 * math.log(2 / math.pi) - mean(tf.square(values - means), axis=0) / 2)
        for count, choice, logit in zip(self.categorical, choices, logits, strict=True):
            bound += math.log(count) - mean(tf.nn.softmax_cross_entropy_with_logits(choice, logit))
        return bound
