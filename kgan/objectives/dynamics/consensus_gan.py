"""Consensus optimisation."""

import keras
import tensorflow as tf

from kgan.games import second_derivatives
from kgan.games.gan import GAN
from kgan.games.replicas import mean_over_replicas
from kgan.losses import AdversarialLoss, NonSaturating
from kgan.ranges import Weight


class ConsensusGAN(GAN):
    """Consensus optimisation: both players also descend the length of the game's gradient. Mescheder, Nowozin & Geiger
    2017, Algorithm 1 (https://arxiv.org/abs/1705.10461).

    Both players move at once, down their own losses and down L = |v|^2 / 2 besides, v the gradients of both: L is
    what they agree on, since it vanishes where neither wants to move. On the game f(x, y) = x y steps of the length
    h < 1 converge exactly for consensus_weight between (1 - sqrt(1 - h^2)) / h and (1 + sqrt(1 - h^2)) / h, and for
    no other. A large weight with a learning rate as much smaller is descent of L alone, which goes to any point at
    which v vanishes, good or bad. The paper's optimizer is RMSprop(1e-4).

    Args:
        generator: Keras model from latents to images.
        discriminator: Keras model from images to raw scores, without layers whose second derivative is missing.
        consensus_weight: the paper's gamma, at least 0; 10 is the paper's.
        adversarial_loss: a pair of losses from `kgan.losses`.
        regularizers, ema, prior, seed, augment, kind: see `GAN`; a penalty belongs to the discriminator's loss, and so
            to L.

    Raises:
        ValueError: consensus_weight is negative.

    Example:
        >>> import kgan
        >>> gan = ConsensusGAN(
        ...     kgan.architectures.MLPGenerator(data_shape=(2,), latent_dim=2),
        ...     kgan.architectures.MLPDiscriminator(data_shape=(2,)),
        ...     consensus_weight=1.0,
        ... )
        >>> gan.compile(generator_optimizer="rmsprop", discriminator_optimizer="rmsprop")
        >>> history = gan.fit(tf.random.normal([64, 2]), batch_size=32, verbose=0)
    """

    reports = ("d_loss", "g_loss", "consensus")

    fixes = {"discriminator_steps", "replay"}

    def __init__(
        self,
        generator: keras.Model,
        discriminator: keras.Model,
        consensus_weight: Weight = 10.0,
        adversarial_loss: AdversarialLoss = NonSaturating(),
        **options,
    ):
        super().__init__(generator, discriminator, discriminator_steps=1, **options)
        self.consensus_weight, self.adversarial_loss = consensus_weight, adversarial_loss
        self.perfect_d_loss = adversarial_loss.perfect

    def differentiated_twice(self):
        both = dict.fromkeys(self.players, type(self).__name__) if self.consensus_weight else {}
        return super().differentiated_twice() | both

    def train_step(self, data):
        (real,) = self.minibatches(data)
        with tf.GradientTape(persistent=True) as outer:
            with tf.GradientTape(persistent=True) as inner:
                fake = self.generate(real)
                scores = self.score(fake)
                d_loss = self.adversarial_loss.discriminator(self.score(real), scores, self.draws("labels"))
                d_loss += self.penalties(self.discriminator, real, fake)
                g_loss = self.adversarial_loss.generator(scores) + self.penalties(self.generator)
            v = [*slopes(d_loss, inner, self.discriminator), *slopes(g_loss, inner, self.generator)]
            consensus = self.energy(v)
            d_total = d_loss + self.consensus_weight * consensus
            g_total = g_loss + self.consensus_weight * consensus
        # The tape holds the values from before either has moved.
        self.descend(d_total, outer, self.discriminator)
        self.descend(g_total, outer, self.generator)
        return self.report(d_loss=d_loss, g_loss=g_loss, consensus=consensus)

    def energy(self, v):
        """L = |v|^2 / 2 of the vector field, a list of gradients; refuses layers that its own gradient would lose."""
        total = tf.add_n([tf.reduce_sum(tf.square(part)) for part in mean_over_replicas(v)]) / 2
        if self.consensus_weight:
            second_derivatives.check(total, self)
        return total


def slopes(loss, tape, network):
    """d loss / d network, float32, zero where it does not depend on a weight."""
    variables = [variable.value for variable in network.trainable_variables]
    gradients = tape.gradient(loss, variables, unconnected_gradients="zero")
    return [tf.cast(gradient, tf.float32) for gradient in gradients]
