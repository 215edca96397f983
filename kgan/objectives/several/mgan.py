"""The mixture of generators."""

import keras
import tensorflow as tf

from kgan.games.gan import GAN
from kgan.guards.outputs import check_raw, check_scores, order_of_heads
from kgan.labels import Classes
from kgan.losses import AdversarialLoss, NonSaturating
from kgan.objectives.conditional.acgan import accuracy, cross_entropy
from kgan.priors import Index
from kgan.ranges import Weight


class MGAN(GAN):
    """MGAN: a mixture of K generators, which a classifier keeps apart. Hoang et al. 2017, equation 3
    (https://arxiv.org/abs/1708.02556).

    Each sample comes from one of the generators, which is drawn with the latents. They share all layers but the first,
    and so they are one network, which also takes the generator's number. A second head of the discriminator guesses
    from the samples which generator made them; the generators want that right, and so go to different modes. The
    discriminator plays against their mixture. `accuracy` is the share of fakes whose generator is guessed right: 1/K
    where all generators do the same.

    Args:
        generator: Keras model from [latents, index] to examples, its second input named "index"; such as
            `MLPGenerators`.
        discriminator: Keras model from examples to [raw scores, logits of the K generators], in any order, see `ACGAN`.
        diversity_weight: the paper's beta, of the classifier's loss in the generators', at least 0. The paper has 0.125
            for its ring, and 0.01 for CIFAR-10.
        adversarial_loss: a pair of losses from `kgan.losses`; the paper's generators use the non-saturating one.
        discriminator_steps, regularizers, ema, seed, augment, kind: see `GAN`.
        prior: of the latents, see `GAN`; the generator's number is drawn by `kgan.priors.Index`.

    Raises:
        ValueError: the generator takes no index, or the discriminator has no second head.

    Example:
        >>> import kgan
        >>> x = keras.Input([2])
        >>> hidden = keras.layers.Dense(16, activation="relu")(x)
        >>> gan = MGAN(
        ...     kgan.architectures.MLPGenerators(data_shape=(2,), generators=4, latent_dim=3, units=(16,)),
        ...     keras.Model(x, [keras.layers.Dense(1)(hidden), keras.layers.Dense(4)(hidden)]),
        ... )
        >>> gan.compile(generator_optimizer="adam", discriminator_optimizer="adam")
        >>> history = gan.fit(tf.random.normal([64, 2]), batch_size=32, verbose=0)
        >>> gan.sample(6).shape, gan.sample(6, index=2).shape  # of the mixture, of one generator
        ((6, 2), (6, 2))
    """

    reports = ("d_loss", "g_loss", "accuracy")
    takes = {"generator": ("latents", "index"), "discriminator": ("images",)}

    fixes = {"replay"}

    def __init__(
        self,
        generator: keras.Model,
        discriminator: keras.Model,
        diversity_weight: Weight = 0.125,
        adversarial_loss: AdversarialLoss = NonSaturating(),
        **options,
    ):
        super().__init__(generator, discriminator, **options)
        made, told = getattr(generator, "generators", None), self.drawn_from.generators
        if made not in (None, told):
            raise ValueError(
                f"The generator has {made} generators, and the discriminator tells {told} apart; give both K."
            )
        self.diversity_weight, self.adversarial_loss = diversity_weight, adversarial_loss
        self.perfect_d_loss = None  # the classifier's loss is a part of it

    def order_of_outputs(self):
        scores, guesses = order_of_heads(self.discriminator, "[scores, logits of the generators]")
        check_scores(self.discriminator, scores)
        check_raw("discriminator", self.discriminator, guesses, "logits of the generators")
        return scores, guesses

    @classmethod
    def provides(cls, name):
        given = super().provides(name)
        if name == "discriminator":
            given["labels"] = lambda dataset, networks: Classes(_count(networks["generator"]))
        return given

    @property
    def drawn_from(self):
        return Index(self.discriminator.outputs[self._heads[1]].shape[-1], noise=self.prior)

    def train_step(self, data):
        for real in self.minibatches(data):
            with tf.GradientTape() as tape:
                fake = self.fakes(real)
                scores, guesses = self.judge(fake)
                d_loss = self.adversarial_loss.discriminator(self.score(real), scores, self.draws("labels"))
                d_loss += cross_entropy(fake.index, guesses)
                d_loss += self.penalties(self.discriminator, real, fake)
            self.descend(d_loss, tape, self.discriminator)

        with tf.GradientTape() as tape:
            fake = self.generate(real)
            scores, guesses = self.judge(fake)
            g_loss = self.adversarial_loss.generator(scores)
            g_loss += self.diversity_weight * cross_entropy(fake.index, guesses)
            g_loss += self.penalties(self.generator)
        self.descend(g_loss, tape, self.generator)
        return self.report(d_loss=d_loss, g_loss=g_loss, accuracy=accuracy(fake.index, guesses))

    def generate(self, like):
        """As `GAN.generate`; the Batch has the `index` of the generator that made each fake."""
        drawn = self._latents(self.draws("latents"), tf.shape(like.images)[0])
        return like.replace(images=self.generated(drawn), index=drawn["index"])


def _count(generator):
    """How many generators a network says that it holds."""
    if not hasattr(generator, "generators"):
        raise ValueError(f"MGAN needs several generators, as MLPGenerators has them; got {type(generator).__name__}.")
    return generator.generators
