"""What every game has whose players train a generator that can be sampled."""

import keras
import numpy as np
import tensorflow as tf

from kgan import images as pixels
from kgan.batch import Batch
from kgan.objectives.game import Game
from kgan.randomness import Draws


class LatentVariableModel(Game):
    """A game that trains a generator of images from latents drawn from a prior: a GAN, a VAE.

    Subclasses set `generator`, the other players, `ema`, the decay of the generator's moving average, and `prior`,
    "normal" or "uniform", and then call `_start`. Calling the model on latents runs the averaged generator, and so do
    `predict`, `sample`, the scores and the export.
    """

    generator: keras.Model
    ema: float
    prior: str

    def _start(self):
        if not 0 <= self.ema < 1:
            raise ValueError(f"ema must be in [0, 1); got {self.ema}.")
        if self.prior not in ("normal", "uniform"):
            raise ValueError(f'prior must be "normal" or "uniform"; got {self.prior!r}.')
        self.ema_generator = _averaged(self.generator)
        super()._start()

    @property
    def latent_dim(self):
        return self.generator.inputs[0].shape[-1]

    @property
    def conditional(self):
        """Whether the generator also takes labels."""
        return len(self.generator.inputs) == 2

    @property
    def num_classes(self):
        """How many classes the generator's labels have; None where they are no classes, or where it does not tell."""
        return getattr(self.generator, "num_classes", None)

    # --- labels ---

    def check_classes(self, labels):
        """Ends a step, or a graph, with an error if labels (a tensor, or None) are no classes of the generator.

        One-hot vectors and embeddings would take them for no class, or for another one, without a word.
        """
        if labels is None or not self.num_classes:
            return
        y = tf.cast(labels, tf.float64)  # whatever they are: truth values, bytes, floats
        known = tf.reduce_all((y >= 0) & (y < self.num_classes) & (y == tf.floor(y)))
        expected = f"labels: expected classes from 0 to {self.num_classes - 1}, got some from"
        tf.debugging.Assert(known, [expected, tf.reduce_min(y), "to", tf.reduce_max(y)])

    def labels_for(self, n, labels):
        """What the generator takes for n samples: a tensor of n labels, or None; `labels` as in `sample`.

        Raises:
            ValueError: the generator takes no labels, or others.
        """
        if not self.conditional:
            if labels is not None:
                raise ValueError("This generator takes no labels.")
            return None
        if labels is None:
            raise ValueError("This generator is conditional; say which samples to make with labels=.")
        try:
            given = np.asarray(labels)
        except ValueError:  # rows of several lengths
            given = np.asarray(None)
        if given.dtype.kind not in "iuf":
            raise ValueError(f"labels: expected numbers, or vectors of one length; got {labels!r:.60}.")
        spec = self.generator.inputs[1]
        if np.dtype(spec.dtype).kind in "iu":
            largest = self.num_classes - 1 if self.num_classes else np.iinfo(spec.dtype).max
            wrong = given[~((given == given.round()) & (given >= 0) & (given <= largest))]
            if wrong.size:
                raise ValueError(f"labels: expected classes from 0 to {largest}; got {wrong[0]}.")
        shape = list(spec.shape[1:])
        try:
            return tf.constant(np.broadcast_to(given.astype(spec.dtype), [n, *shape]))
        except ValueError:
            raise ValueError(
                f"labels: expected one for all samples, of shape {shape}, or one for each, {[n, *shape]}; got the "
                f"shape {list(given.shape)}."
            ) from None

    # --- training ---

    def minibatch(self, data):
        """The Batch that `fit` hands over: images as float32, and labels if there are any."""
        images, labels, _ = keras.utils.unpack_x_y_sample_weight(data)
        dtype = tf.as_dtype(images.dtype)  # an eager step may have arrays
        if not dtype.is_floating:
            raise ValueError(f"fit takes float images in [-1, 1]; got {dtype.name} (see kgan.images.to_float).")
        labels = None if labels is None else tf.convert_to_tensor(labels)
        self.check_classes(labels)
        return Batch(tf.cast(images, tf.float32), labels)

    def apply(self, gradients, network):
        super().apply(gradients, network)
        if network is self.generator and not self._moment.observing:
            self._average()

    def _average(self):
        """The moving average of the generator's weights and statistics."""
        n = tf.cast(self.step.value, tf.float32)
        decay = tf.minimum(self.ema, (1 + n) / (10 + n))  # so that short runs do not show their first weights
        for average, weight in zip(self.ema_generator.weights, self.generator.weights, strict=True):
            if weight.dtype.startswith("float"):
                average.assign(weight.value + decay * (average.value - weight.value))
            else:
                average.assign(weight.value)
        self.power_iterate(self.ema_generator)  # an average of singular vectors is not the average's

    # --- using the trained generator ---

    def call(self, latents, training=False):
        return self.ema_generator(latents, training=False)

    def sample(self, n, seed=0, labels=None, truncation=None, batch_size=256):
        """`n` samples of the averaged generator.

        Args:
            n: how many.
            seed: of the latents; the same seed gives the same samples, and a smaller n the first of them.
            labels: for conditional generators: one label for all, or n of them; classes as integers.
            truncation: T > 0 draws latents from N(0, 1) cut to [-T, T]; None for the whole prior.
            batch_size: samples per forward pass.

        Returns:
            uint8 [n, height, width, channels] for images; float32 [n, d] for vectors.

        Example:
            >>> import kgan
            >>> generator = kgan.architectures.MLPGenerator(data_shape=(2,), latent_dim=2)
            >>> discriminator = kgan.architectures.MLPDiscriminator(data_shape=(2,))
            >>> kgan.WGANGP(generator, discriminator).sample(3).shape
            (3, 2)
        """
        values = self.sample_values(n, seed, labels, truncation, batch_size)
        return pixels.to_uint8(values) if values.ndim == 4 else values

    def sample_values(self, n, seed=0, labels=None, truncation=None, batch_size=256):
        """The same samples as `sample`, as the network makes them: float32, images in [-1, 1]."""
        return np.concatenate(list(self.blocks_of_values(n, seed, labels, truncation, batch_size)))

    def sample_blocks(self, n, seed=0, labels=None, batch_size=256):
        """The samples of `sample`, block by block: for more of them than fit into memory."""
        for values in self.blocks_of_values(n, seed, labels, None, batch_size):
            yield pixels.to_uint8(values) if values.ndim == 4 else values

    def blocks_of_values(self, n, seed=0, labels=None, truncation=None, batch_size=256):
        """The samples of `sample_values`, block by block."""
        if n < 1:
            raise ValueError(f"n must be at least 1; got {n}.")
        # All latents are drawn at once, so that they do not depend on the size of a block.
        inputs = self._inputs(self.latents(n, seed, truncation), self.labels_for(n, labels))
        for start in range(0, n, batch_size):
            part = tf.nest.map_structure(lambda tensor, at=start: tensor[at : at + batch_size], inputs)
            yield self._forward(part).numpy()

    def latents(self, n, seed=0, truncation=None):
        """The latents behind `sample`: float32 [n, latent_dim], a function of the seed alone."""
        draws = Draws(seed, "samples")
        if truncation is None:
            return self._latents(draws, n)
        if self.prior != "normal" or not truncation > 0:
            raise ValueError(
                f"truncation must be above 0 and needs the normal prior; got {truncation}, {self.prior!r}."
            )
        # The inverse of the cut distribution function: exact for every T, and no draw is ever repeated.
        edge = 0.5 * tf.math.erfc(tf.constant(truncation / np.sqrt(2), tf.float64))
        u = tf.cast(draws.uniform([n, self.latent_dim]), tf.float64)
        # u is a multiple of 2^-23. Where it is 0, which would be the edge itself, -inf for a large T, it becomes the
        # middle of [0, 2^-23); the others lie inside already.
        u = tf.where(u == 0, tf.constant(2.0**-24, tf.float64), u)
        return tf.cast(tf.math.ndtri(edge + u * (1 - 2 * edge)), tf.float32)

    def _latents(self, draws, count):
        shape = [count, self.latent_dim]
        return draws.normal(shape) if self.prior == "normal" else draws.uniform(shape, -1.0, 1.0)

    def _inputs(self, latents, labels):
        if not self.conditional:
            return latents
        if labels is None:
            raise ValueError("This generator is conditional; fit it on (images, labels).")
        return [latents, labels]

    @tf.function(reduce_retracing=True)
    def _forward(self, inputs):
        return tf.cast(self.ema_generator(inputs, training=False), tf.float32)


def check_network(role, network):
    """Refuses what is no Keras model with a known input."""
    if not isinstance(network, keras.Model) or not getattr(network, "inputs", None):
        raise ValueError(
            f"The {role} must be a functional or sequential Keras model with a known input; "
            f"got {network!r}. Begin it with keras.Input(shape)."
        )


def _averaged(generator):
    """A copy of the generator with the same weights, which computes in float32 under every policy."""
    copy = keras.models.clone_model(generator)
    copy.set_weights(generator.get_weights())
    copy.trainable = False
    for layer in copy._flatten_layers():
        layer.dtype_policy = "float32"
    return copy
