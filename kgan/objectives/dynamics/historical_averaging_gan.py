"""The GAN whose players stay near what they have been on average."""

import keras
import tensorflow as tf

from kgan.games.gan import GAN
from kgan.losses import AdversarialLoss, NonSaturating
from kgan.ranges import Weight


class HistoricalAveragingGAN(GAN):
    """Historical averaging: weights are drawn to their own past mean. Salimans et al. 2016, section 3.3
    (https://arxiv.org/abs/1606.03498).

    The loss of each player has a term |theta - theta_mean|^2, theta_mean the mean of all values that its weights have
    had since the first: it draws orbits around an equilibrium inwards. The means are weights of the game; weights that
    are frozen when it is made have none. A player whose weights are set from outside begins anew with those.

    Args:
        generator: Keras model from latents to images.
        discriminator: Keras model from images to raw scores.
        history_weight: of the term, at least 0; the paper says none.
        adversarial_loss: a pair of losses from `kgan.losses`.
        discriminator_steps, regularizers, ema, prior, seed, augment, replay, kind: see `GAN`.

    Raises:
        ValueError: history_weight is negative.

    Example:
        >>> import kgan
        >>> gan = HistoricalAveragingGAN(
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
        history_weight: Weight = 1.0,
        adversarial_loss: AdversarialLoss = NonSaturating(),
        **options,
    ):
        super().__init__(generator, discriminator, **options)
        self.history_weight, self.adversarial_loss = history_weight, adversarial_loss
        self.perfect_d_loss = adversarial_loss.perfect
        # The weights of each player that are trainable now; each of them has a mean.
        self._learners = {player: _learning(getattr(self, player)) for player in self.players}
        self._means = {player: self._first_means(player) for player in self.players}

    def train_step(self, data):
        for real in self.minibatches(data):
            with tf.GradientTape() as tape:
                fake = self.fakes(real)
                d_loss = self.adversarial_loss.discriminator(self.score(real), self.score(fake), self.draws("labels"))
                d_loss += self.penalties(self.discriminator, real, fake)
                d_loss += self.history_weight * self.distance("discriminator")
            self.descend(d_loss, tape, self.discriminator)
            self.remember("discriminator", self.step.value * self.discriminator_steps + self._moment.update)

        with tf.GradientTape() as tape:
            g_loss = self.adversarial_loss.generator(self.score(self.generate(real)))
            g_loss += self.history_weight * self.distance("generator")
            g_loss += self.penalties(self.generator)
        self.descend(g_loss, tape, self.generator)
        self.remember("generator", self.step.value)
        return self.report(d_loss=d_loss, g_loss=g_loss)

    def distance(self, player):
        """|theta - theta_mean|^2 of one player."""
        pairs = [pair for pair in self._pairs(player) if pair[0].trainable]
        return tf.add_n([tf.reduce_sum(tf.square(weight.value - mean.value)) for weight, mean in pairs])

    def _pairs(self, player):
        weights = getattr(self, player).weights
        return [(weights[at], mean) for at, mean in zip(self._learners[player], self._means[player], strict=True)]

    def _check_layers(self):
        super()._check_layers()
        for player in self.players:
            if not set(_learning(getattr(self, player))) <= set(self._learners[player]):
                raise ValueError(
                    f"Weights of the {player} that were frozen when the game was made have no mean of their past; make "
                    f"the game again, with the layers as they shall learn."
                )

    def renew(self, network):
        super().renew(network)
        for player in self.players:
            if getattr(self, player) is network:
                for weight, mean in self._pairs(player):
                    mean.assign(weight.value)

    def remember(self, player, updates):
        """Takes the present weights into the means; `updates`, how many there were before this one."""
        if self._moment.observing:
            return
        for weight, mean in self._pairs(player):
            # The initial weights are the first of the values, those after the first update the second.
            mean.assign(mean.value + (weight.value - mean.value) / tf.cast(updates + 2, mean.dtype))

    def _first_means(self, player):
        return [
            self.add_weight(
                shape=weight.shape, dtype=weight.dtype, trainable=False, autocast=False, name=f"mean_{player}_{index}",
                initializer=lambda shape, dtype, weight=weight: tf.cast(weight.value, dtype),
            )
            for index, weight in enumerate(getattr(self, player).trainable_variables)
        ]  # fmt: skip


def _learning(network):
    """Where the trainable weights stand among all weights of a network."""
    learning = {id(weight) for weight in network.trainable_variables}
    return [index for index, weight in enumerate(network.weights) if id(weight) in learning]
