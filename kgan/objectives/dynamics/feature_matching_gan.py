"""The GAN whose generator matches the discriminator's features."""

import keras
import tensorflow as tf
from tensorflow import reduce_mean as mean

from kgan.games.gan import GAN
from kgan.games.replicas import mean_over_replicas
from kgan.losses import AdversarialLoss, NonSaturating


class FeatureMatchingGAN(GAN):
    """Feature matching: the generator meets the mean of the discriminator's features. Salimans et al. 2016, section
    3.1 (https://arxiv.org/abs/1606.03498).

    The generator does not look at the scores: it descends |E f(x) - E f(G(z))|^2, f the activations of a hidden
    layer of the discriminator, which learns as ever. One-sided label smoothing, from the same paper, is
    `adversarial_loss=NonSaturating(real_labels=0.9)`; minibatch discrimination and virtual batch normalisation
    are in `kgan.layers`.

    Args:
        generator: Keras model from latents to images.
        discriminator: Keras model from images to raw scores.
        layer: the name of the discriminator's layer whose output is f; None for what its last layer with weights is
            given.
        adversarial_loss: the discriminator's half of a pair from `kgan.losses`.
        discriminator_steps, regularizers, ema, prior, seed, augment, replay, kind: see `GAN`.

    Raises:
        ValueError: there is no such layer, or what the last one is given is not a single tensor.

    Example:
        >>> import kgan
        >>> gan = FeatureMatchingGAN(
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
        layer: str | None = None,
        adversarial_loss: AdversarialLoss = NonSaturating(),
        **options,
    ):
        super().__init__(generator, discriminator, **options)
        self.layer, self.adversarial_loss = layer, adversarial_loss
        self.perfect_d_loss = adversarial_loss.perfect
        # Keeps the method of the model: Keras would save a model that is an attribute as one more network.
        self._features = keras.Model(discriminator.inputs, _hidden(discriminator, layer)).__call__

    def train_step(self, data):
        for real in self.minibatches(data):
            with tf.GradientTape() as tape:
                fake = self.fakes(real)
                d_loss = self.adversarial_loss.discriminator(self.score(real), self.score(fake), self.draws("labels"))
                d_loss += self.penalties(self.discriminator, real, fake)
            self.descend(d_loss, tape, self.discriminator)

        with tf.GradientTape() as tape:
            fake = self.generate(real)
            difference = mean(self.features(real), axis=0) - mean(self.features(fake), axis=0)
            g_loss = tf.reduce_sum(tf.square(mean_over_replicas(difference)))  # |E f(x) - E f(G(z))|^2
            g_loss += self.penalties(self.generator)
        self.descend(g_loss, tape, self.generator)
        return self.report(d_loss=d_loss, g_loss=g_loss)

    def features(self, batch):
        """f of a Batch: the activations of the hidden layer, float32 [N, ...]."""
        batch = self.shown(batch)
        inputs = self.inputs_of["discriminator"].inputs(images=batch.images, labels=batch.labels)
        return tf.cast(self._features(inputs, training=not self._moment.observing), tf.float32)


def _hidden(discriminator, name):
    """The symbolic output of the named layer, or the input of the last one with weights."""
    if name is not None:
        names = [layer.name for layer in discriminator.layers]
        if name not in names:
            raise ValueError(f"The discriminator has no layer {name!r}; it has {', '.join(names)}.")
        return discriminator.get_layer(name).output
    last = [layer for layer in discriminator.layers if layer.trainable_weights][-1]
    if isinstance(last.input, list):
        raise ValueError(
            f"The discriminator's last layer with weights, {last.name!r}, has several inputs; say with layer= which "
            f"layer's output is to be matched."
        )
    return last.input
