"""The auxiliary classifier GAN."""

import keras
import tensorflow as tf
from tensorflow import reduce_mean as mean

from kgan.games.gan import GAN
from kgan.guards.outputs import check_raw, check_scores, order_of_heads
from kgan.losses import AdversarialLoss, NonSaturating
from kgan.ranges import Weight


class ACGAN(GAN):
    """Auxiliary classifier GAN: the discriminator also guesses classes, and both players want that right.
    Odena, Olah & Shlens 2017, section 3, equations 2 and 3 (https://arxiv.org/abs/1610.09585).

    The discriminator also tells the class of what it sees. It maximises L_S + L_C, the log-likelihoods of the right
    source and of the right class, and the generator L_C - L_S. `real_accuracy` and `fake_accuracy` are the
    shares of the data and of the fakes whose class it tells.

    Args:
        generator: Keras model from [latents, labels] to images.
        discriminator: Keras model from images alone to [raw scores, class logits], in any order: they are told apart
            by name (one that has "score" in it), else by their columns.
        class_weight: of L_C in both losses, at least 0; 1 is the paper's.
        adversarial_loss: the pair of losses for L_S; that of the paper by default.
        discriminator_steps, regularizers, ema, prior, seed, augment, replay, kind: see `GAN`.

    Raises:
        ValueError: the generator takes no class numbers, or the discriminator takes labels or has no class logits.

    Example:
        >>> import kgan
        >>> z, y = keras.Input([2]), keras.Input([], dtype="int32")
        >>> both = keras.layers.Concatenate()([z, keras.layers.Embedding(8, 4)(y)])
        >>> generator = keras.Model([z, y], keras.layers.Dense(2)(both))
        >>> x = keras.Input([2])
        >>> hidden = keras.layers.Dense(16, activation="relu")(x)
        >>> discriminator = keras.Model(x, [keras.layers.Dense(1)(hidden), keras.layers.Dense(8)(hidden)])
        >>> gan = ACGAN(generator, discriminator)
        >>> gan.compile(generator_optimizer="adam", discriminator_optimizer="adam")
        >>> history = gan.fit(tf.random.normal([64, 2]), tf.range(64) % 8, batch_size=32, verbose=0)
        >>> gan.sample(3, labels=[0, 1, 2]).shape
        (3, 2)
    """

    reports = ("d_loss", "g_loss", "real_accuracy", "fake_accuracy")

    def __init__(
        self,
        generator: keras.Model,
        discriminator: keras.Model,
        class_weight: Weight = 1.0,
        adversarial_loss: AdversarialLoss = NonSaturating(),
        **options,
    ):
        super().__init__(generator, discriminator, **options)
        if not self.conditional or len(self.inputs_of["generator"].tensor("labels").shape) != 1:
            raise ValueError("The generator must take [latents, labels], with one class number for each sample.")
        columns = discriminator.outputs[self._heads[1]].shape[-1]
        if columns < 2:
            raise ValueError("The discriminator's class logits need a column for each class, two at least; it has one.")
        self.label_rules.limit(columns)
        self.class_weight, self.adversarial_loss = class_weight, adversarial_loss
        self.perfect_d_loss = adversarial_loss.perfect

    def order_of_outputs(self):
        scores, logits = order_of_heads(self.discriminator, "[scores, class logits]")
        check_scores(self.discriminator, scores)
        check_raw("discriminator", self.discriminator, logits, "class logits")
        return scores, logits

    def train_step(self, data):
        for real in self.minibatches(data):
            with tf.GradientTape() as tape:
                fake = self.fakes(real)
                (real_scores, real_logits), (fake_scores, fake_logits) = self.judge(real), self.judge(fake)
                d_loss = self.adversarial_loss.discriminator(real_scores, fake_scores, self.draws("labels"))  # -L_S
                class_loss = cross_entropy(real.labels, real_logits) + cross_entropy(fake.labels, fake_logits)  # -L_C
                d_loss += self.class_weight * class_loss
                d_loss += self.penalties(self.discriminator, real, fake)
            self.descend(d_loss, tape, self.discriminator)

        with tf.GradientTape() as tape:
            fake = self.generate(real)
            scores, logits = self.judge(fake)
            g_loss = self.adversarial_loss.generator(scores)  # L_S
            g_loss += self.class_weight * cross_entropy(fake.labels, logits)  # -L_C
            g_loss += self.penalties(self.generator)
        self.descend(g_loss, tape, self.generator)
        return self.report(
            d_loss=d_loss,
            g_loss=g_loss,
            real_accuracy=accuracy(real.labels, real_logits),
            fake_accuracy=accuracy(fake.labels, logits),
        )


def cross_entropy(labels, logits):
    """-log P(C = c | x), its mean."""
    return mean(tf.nn.sparse_softmax_cross_entropy_with_logits(tf.cast(labels, tf.int32), logits))


def accuracy(labels, logits):
    """The share of the labels that have the largest logit."""
    guesses = tf.argmax(logits, axis=1, output_type=tf.int32)
    return mean(tf.cast(guesses == tf.cast(labels, tf.int32), tf.float32))
