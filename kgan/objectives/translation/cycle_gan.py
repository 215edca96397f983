"""The cycle-consistent GAN."""

import keras
import tensorflow as tf

from kgan.batch import Batch
from kgan.games.portrait import portrait
from kgan.games.translation import DOMAINS, Translation
from kgan.kinds import Kind
from kgan.losses import L1, AdversarialLoss, Distance, LeastSquares
from kgan.ranges import Decay, Seed
from kgan.regularizers import Regularizer
from kgan.tricks.pool import Pool


class CycleGAN(Translation):
    """CycleGAN: two generators map two domains to each other, and there and back shall be where it began. Zhu et al.
    2017, equations 1 to 3 (https://arxiv.org/abs/1703.10593).

    The data are unpaired. Each discriminator tells its domain's images from mapped ones; each generator shall deceive
    it, and both descend the cycle terms |G_ba(G_ab(a)) - a| and |G_ab(G_ba(b)) - b|. A cycle alone permits any
    one-to-one map of the domains: which image becomes which is decided by what the networks find easiest.

    With Adam a loss may be multiplied by any number: the paper's adversarial term is the square of the distance to 1,
    of which `LeastSquares` has half, and so the weights are half of the paper's 10 and 5. The paper's optimizer is
    Adam(2e-4, beta_1=0.5) for all, in batches of 1.

    Args:
        generator_ab, generator_ba: Keras models from images of one domain to those of the other.
        discriminator_a, discriminator_b: Keras models from images to raw scores, [N, 1] or patches [N, h, w, 1].
        adversarial_loss: a pair of losses from `kgan.losses`.
        cycle: the distance of an image from what comes back; `kgan.losses.L1` or `L2`.
        identity: the distance of an image from what the generator makes of it that maps to its own domain; None for no
            such term. It keeps colours where nothing speaks against it.
        pool: from which past fakes the discriminators are shown some, a `kgan.pool.Pool`; None for fresh ones alone.
        regularizers: `kgan.regularizers`, terms of the discriminators' losses, or of those of the players they name.
        ema: decay of the moving averages of the generators, in [0, 1); 0 for the last weights, as the paper has it.
        seed, kind: see `GAN`.

    Raises:
        ValueError: the networks do not fit each other.

    Example:
        >>> import kgan
        >>> def g(): return kgan.architectures.ResidualTranslator((16, 16, 1), width=4, halvings=1, blocks=1)
        >>> def d(): return kgan.architectures.PatchDiscriminator((16, 16, 1), width=4, halvings=1)
        >>> gan = CycleGAN(g(), g(), d(), d(), pool=Pool(8))
        >>> gan.compile(**{f"{player}_optimizer": "adam" for player in gan.players})
        >>> images = tf.random.uniform([8, 16, 16, 1], -1, 1)
        >>> history = gan.fit({"a": images, "b": -images}, batch_size=2, verbose=0)
        >>> gan.map(images, to="b").shape
        (8, 16, 16, 1)
    """

    reports = ("d_loss", "g_loss", "cycle_loss", "identity_loss")

    def __init__(
        self,
        generator_ab: keras.Model,
        generator_ba: keras.Model,
        discriminator_a: keras.Model,
        discriminator_b: keras.Model,
        adversarial_loss: AdversarialLoss = LeastSquares(),
        cycle: Distance = L1(5.0),
        identity: Distance | None = L1(2.5),
        pool: Pool | None = Pool(),
        regularizers: tuple[Regularizer, ...] = (),
        ema: Decay = 0.999,
        seed: Seed = 0,
        kind: Kind | None = None,
    ):
        super().__init__()
        self.hold(
            generator_ab=generator_ab, generator_ba=generator_ba, discriminator_a=discriminator_a,
            discriminator_b=discriminator_b,
        )  # fmt: skip
        self.adversarial_loss, self.cycle, self.identity = adversarial_loss, cycle, identity
        self.regularizers = tuple(regularizers)
        self.pool, self.ema, self.seed, self.kind = pool, ema, seed, kind
        if identity is not None and generator_ab.inputs[0].shape[1:] != generator_ab.outputs[0].shape[1:]:
            raise ValueError("An identity term needs domains of one shape; take identity=None.")
        self.pool_a, self.pool_b = (
            None if pool is None else pool.stored(judge.inputs[0].shape[1:], f"pool_{domain}")
            for domain, judge in zip(DOMAINS, (discriminator_a, discriminator_b), strict=True)
        )
        self._start()

    def train_step(self, data):
        a, b = (batch.images for batch in self.minibatch(data).values())
        for player in self.players:
            self.power_iterate(getattr(self, player))

        with tf.GradientTape() as tape:  # the authors' order: first the generators
            fake_b, fake_a = self.run(self.generator_ab, images=a), self.run(self.generator_ba, images=b)
            back_a, back_b = self.run(self.generator_ba, images=fake_b), self.run(self.generator_ab, images=fake_a)
            cycle_loss = self.cycle(back_a, a) + self.cycle(back_b, b)  # equation 2
            identity_loss = self.identity_loss(a, b)
            g_loss = self.adversarial_loss.generator(self.run(self.discriminator_b, images=fake_b))  # equation 1
            g_loss += self.adversarial_loss.generator(self.run(self.discriminator_a, images=fake_a))
            g_loss += cycle_loss + identity_loss  # equation 3
            g_loss += self.penalties(self.generator_ab) + self.penalties(self.generator_ba)
        self.descend(g_loss, tape, self.generator_ab, self.generator_ba)

        shown_a, shown_b = self.shown("a", fake_a), self.shown("b", fake_b)
        with tf.GradientTape() as tape:
            d_loss = self.judgement(self.discriminator_a, a, shown_a) + self.judgement(self.discriminator_b, b, shown_b)
        self.descend(d_loss, tape, self.discriminator_a, self.discriminator_b)
        return self.report(d_loss=d_loss, g_loss=g_loss, cycle_loss=cycle_loss, identity_loss=identity_loss)

    def identity_loss(self, a, b):
        """What is lost where a generator changes images that are in its own target already: a scalar."""
        if self.identity is None:
            return tf.zeros([])
        same_b, same_a = self.run(self.generator_ab, images=b), self.run(self.generator_ba, images=a)
        return self.identity(same_b, b) + self.identity(same_a, a)

    def shown(self, domain, fake):
        """The fakes that a discriminator is shown: detached, some of them from the past."""
        pool = self.pool_a if domain == "a" else self.pool_b
        fake = tf.stop_gradient(fake)
        if pool is None or self._moment.observing:
            return fake
        return pool.exchange(fake, self.draws(f"pool {domain}"))

    def judgement(self, discriminator, real, fake):
        """A discriminator's loss."""
        real_scores, fake_scores = (self.run(discriminator, images=images) for images in (real, fake))
        draws = self.draws(f"labels {self.name_of(discriminator)}")
        loss = self.adversarial_loss.discriminator(real_scores, fake_scores, draws)
        return loss + self.penalties(discriminator, Batch(real), Batch(fake))

    @property
    def saturates(self):
        """See `GAN.saturates`."""
        return self.adversarial_loss.saturates

    def _portrait(self, data):
        batch = self.minibatch(data)
        fake = self.run(self.generator_ab, images=batch["a"].images)
        scores = [self.run(self.discriminator_b, images=images) for images in (batch["b"].images, fake)]
        return portrait(scores, batch["b"].images, fake)
