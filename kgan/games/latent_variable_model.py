"""What every game has whose players train a generator that can be sampled."""

import warnings

import keras
import numpy as np
import tensorflow as tf

from kgan import kinds
from kgan.batch import Batch
from kgan.games.game import Game
from kgan.games.noise import Calls
from kgan.guards import batches
from kgan.guards.arguments import UNWEIGHTED
from kgan.guards.copies import copied
from kgan.guards.labels import LabelRules
from kgan.guards.pictures import FirstLook
from kgan.guards.refusals import refusals
from kgan.layers.noise import works_at_inference
from kgan.precision import check_weights
from kgan.products import Product, Samples
from kgan.randomness import Draws, EndlessDraws, noise_from


class LatentVariableModel(Game):
    """A game that trains a generator of images from latents drawn from a prior: a GAN, a VAE.

    Subclasses set `generator`, the other players, `ema`, the decay of the generator's moving average, and `prior`,
    "normal" or "uniform", perhaps `kind`, what an example is, and then call `_start`. Calling the model on latents runs
    the averaged generator, and so do `predict`, `sample`, the scores and the export.
    """

    takes: dict[str, tuple[str, ...]] = {"generator": ("latents", "labels")}

    products: tuple[Product, ...] = (Samples(),)

    # The players that learn once from each of a step's minibatches, before the others do.
    judges: tuple[str, ...] = ()

    # The networks of which the game keeps a moving average, as `ema_<name>`.
    averaged: tuple[str, ...] = ("generator",)

    generator: keras.Model
    ema: float
    prior: str
    kind: kinds.Kind | None = None

    def _start(self):
        self.kind = kinds.usual(self.generator.outputs[0].shape[1:]) if self.kind is None else self.kind
        if self.prior not in ("normal", "uniform"):
            raise ValueError(f'prior must be "normal" or "uniform"; got {self.prior!r}.')
        for role in dict.fromkeys(["generator", *self.players]):
            check_weights(role, getattr(self, role))
        self.label_rules = LabelRules.of(
            [(getattr(self, role), roles.tensor("labels")) for role, roles in self.inputs_of.items()]
        )
        for name in self.averaged:
            setattr(self, f"ema_{name}", self._copied(name))
        self._first_look = None
        super()._start()

    @property
    def latent_dim(self):
        return self.inputs_of["generator"].tensor("latents").shape[-1]

    @property
    def conditional(self):
        """Whether the generator also takes labels."""
        return self.inputs_of["generator"].has("labels")

    @property
    def num_classes(self):
        """How many classes the generator's labels have; None where they are no classes, or where it does not tell."""
        return self.label_rules.num_classes if self.conditional else None

    @classmethod
    def provides(cls, name):
        """What a recipe need not say of the network `name`.

        Returns:
            {argument of its class: function of (data set, {name: network} of those made before) that gives it}.
        """

        def shape(dataset, networks):
            return tuple(dataset.data_shape)

        given = {"image_shape": shape, "data_shape": shape, "labels": lambda dataset, networks: dataset.labelling}
        if name != "generator":
            given["latent_dim"] = lambda dataset, networks: networks["generator"].inputs[0].shape[-1]
        return given

    def _copied(self, name):
        """A copy of a network with the same weights, which computes in float32 under every policy."""
        copy = copied(name, getattr(self, name), self.label_rules.example)
        copy.trainable = False
        for layer in copy._flatten_layers():
            layer.dtype_policy = "float32"
        return copy

    # --- labels ---

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
        return tf.constant(self.label_rules.values(n, labels))

    def admitted(self, data):
        images, labels, weights = keras.utils.unpack_x_y_sample_weight(data)
        if labels is None or weights is not None:
            return data  # which the step refuses
        return images, self.label_rules.admitted(tf.convert_to_tensor(labels))

    def get_config(self):
        return super().get_config() | ({"one_hot_labels": True} if self.label_rules.one_hot else {})

    @classmethod
    def from_config(cls, config):
        game = super().from_config({name: value for name, value in config.items() if name != "one_hot_labels"})
        game.label_rules.one_hot = config.get("one_hot_labels", False)
        return game

    # --- training ---

    def minibatch(self, data):
        """The Batch that `fit` hands over: images as float32, and labels if there are any.

        Who uses the labels waits until it is certain that the networks know them.
        """
        images, labels, weights = keras.utils.unpack_x_y_sample_weight(data)
        if weights is not None:
            raise ValueError(UNWEIGHTED)
        if isinstance(images, dict | list | tuple):
            raise ValueError(
                f"fit takes examples, or examples and labels, as fit(x, y) or as batches (x, y); got a "
                f"{type(images).__name__} of examples."
            )
        dtype = tf.as_dtype(images.dtype)  # an eager step may have arrays
        if not dtype.is_floating:
            raise ValueError(f"fit takes float images in [-1, 1]; got {dtype.name} (see kgan.images.to_float).")
        labels = None if labels is None else tf.convert_to_tensor(labels)
        labels = self.label_rules.admitted(labels)
        return Batch(self.as_made(tf.cast(images, tf.float32)), labels)

    def minibatches(self, data):
        """Yields k disjoint fresh minibatches out of one `fit` batch; minibatch j is x[j::k].

        Strided, so that the same images meet on one device and on several.
        """
        batch = self.minibatch(data)
        # Held-out data are read once, and whole: there is nothing to take turns for.
        k = 1 if self._moment.observing else self.num_minibatches
        (images, labels), count = self._whole(batch, k)
        for self._moment.update in range(k):
            self._moment.looks = 0
            for name in self.judges:
                self.power_iterate(getattr(self, name))
            yield Batch(
                images[self._moment.update : count : k],
                None if labels is None else labels[self._moment.update : count : k],
            )
        self._moment.update, self._moment.looks = k, 0  # whatever the generator draws from here on is its own
        for name in self.players:
            if name not in self.judges:
                self.power_iterate(getattr(self, name))

    def _whole(self, batch, k):
        """The Batch, once it is certain that it can be divided, and how many of it k equal minibatches can hold."""
        images = batch.images
        size = images.shape[0] if images.shape[0] is not None else tf.shape(images)[0]
        count = size // k * k
        if isinstance(size, int):
            self._check_size(size, k)
        elif k > 1 and self.jit_compile:
            raise ValueError(
                f"jit_compile=True with {k} discriminator steps needs to know the size of a batch beforehand: "
                f"fit on a tf.data.Dataset made with batch(size, drop_remainder=True)."
            )
        elif k > 1:
            check = tf.cond(size > count, lambda: tf.py_function(self._check_size, [size, k], []), lambda: tf.no_op())
            with tf.control_dependencies([check]):
                batch = Batch(*(part if part is None else tf.identity(part) for part in batch))
        return batch, count

    def _check_size(self, size, k):
        size, k = int(size), int(k)
        if size < k:
            raise ValueError(batches.too_small(size, k, self._first_size))
        if size % k and not getattr(self, "_cut", False):
            self._cut = True
            warnings.warn(
                f"A batch of {size} does not divide into {k} discriminator steps; the last {size % k} are left out "
                f"(use a batch_size that is a multiple of {k} and drop_remainder=True).",
                stacklevel=2,
            )

    def as_made(self, examples):
        """Examples with the axes that the generator gives its own: of images without channels one is added."""
        self._check_batched(examples.shape)
        given = examples.shape[1:]
        if self._lacks_channels(given):
            given = [*given, 1]
            examples = examples[..., None]
        made = self.generator.outputs[0].shape[1:]
        if not tf.TensorShape(given).is_compatible_with(made):
            raise ValueError(f"The examples have the shape {list(given)}, and the generator makes {list(made)}.")
        return examples

    def _lacks_channels(self, shape):
        made = self.generator.outputs[0].shape[1:]
        return shape.rank is not None and shape.rank == len(made) - 1 and made[-1] == 1

    def _check_batched(self, shape):
        """Refuses one example in the place of a batch, where its shape can mean nothing else."""
        shape, made = tf.TensorShape(shape), self.generator.outputs[0].shape[1:]

        def fits(part):
            return (part.concatenate([1]) if self._lacks_channels(part) else part).is_compatible_with(made)

        if shape.rank and fits(shape) and not fits(shape[1:]):
            raise ValueError(
                f"Expected batches of examples, got single ones of the shape {shape.as_list()}: make batches of the "
                f"data set, as with ds.batch(64, drop_remainder=True)."
            )

    def makers(self):
        """{role: network} of those that make examples."""
        return {"generator": self.generator}

    def look_at(self, examples, labels, examined=False):
        if self._first_look is None:
            self._first_look = FirstLook(self.makers(), self.kind.bounded)
        if examples is not None:
            self._check_batched(examples.shape)
            self._first_look(examples, examined)
        if labels is not None:
            self.label_rules.learn(labels)

    def apply(self, gradients, network):
        super().apply(gradients, network)
        if self._moment.observing:
            return
        for name in self.averaged:
            if network is getattr(self, name):
                self._average(name)

    def _average(self, name):
        """The moving average of a network's weights and statistics."""
        average, network = getattr(self, f"ema_{name}"), getattr(self, name)
        n = tf.cast(self.step.value, tf.float32)
        decay = tf.minimum(self.ema, (1 + n) / (10 + n))  # so that short runs do not show their first weights
        for mean, weight in zip(average.weights, network.weights, strict=True):
            if weight.dtype.startswith("float"):
                mean.assign(weight.value + decay * (mean.value - weight.value))
            else:
                mean.assign(weight.value)
        self.power_iterate(average)  # an average of singular vectors is not the average's

    # --- using the trained generator ---

    def call(self, latents, training=False):
        if tf.executing_eagerly():
            self.derived.follow()
        labels = None
        if isinstance(latents, list | tuple) and len(latents) == 2:
            latents, labels = latents[0], self.label_rules.admitted(tf.convert_to_tensor(latents[1]))
        with self.noise_of_samples():
            return self.ema_generator(self.generator_inputs(latents, labels), training=False)

    def predict(self, x, *positional, **options):
        """Keras' `predict`: what the averaged generator makes of latents, or of [latents, labels]; float32."""
        self.derived.follow()
        with refusals():
            return super().predict(x, *positional, **options)

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
        return self.kind.stored(values)

    def sample_values(self, n, seed=0, labels=None, truncation=None, batch_size=256):
        """The same samples as `sample`, as the network makes them: float32, images in [-1, 1]."""
        return np.concatenate(list(self.blocks_of_values(n, seed, labels, truncation, batch_size)))

    def sample_blocks(self, n, seed=0, labels=None, batch_size=256):
        """The samples of `sample`, block by block: for more of them than fit into memory."""
        for values in self.blocks_of_values(n, seed, labels, None, batch_size):
            yield self.kind.stored(values)

    def blocks_of_values(self, n, seed=0, labels=None, truncation=None, batch_size=256):
        """The samples of `sample_values`, block by block."""
        if n < 1:
            raise ValueError(f"n must be at least 1; got {n}.")
        # All latents are drawn at once, so that they do not depend on the size of a block.
        inputs = self.generator_inputs(self.latents(n, seed, truncation), self.labels_for(n, labels))
        for start in range(0, n, batch_size):
            part = tf.nest.map_structure(lambda tensor, at=start: tensor[at : at + batch_size], inputs)
            yield self.run_averaged("generator", part, seed, start).numpy()

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

    def generator_inputs(self, latents, labels):
        """What the generator is called with, in its own structure."""
        if self.conditional and labels is None:
            raise ValueError("This generator is conditional; fit it on (images, labels).")
        return self.inputs_of["generator"].inputs(latents=latents, labels=labels)

    def export(self, filepath, format="tf_saved_model", **options):
        """Writes the averaged generator as a SavedModel that serves without kgan: see `kgan.export.export`."""
        from kgan.using.export import export

        return export(self, filepath, format, **options)

    def averaged_network(self, name):
        """The moving average of a network; of one that has none the network itself."""
        return getattr(self, f"ema_{name}" if name in self.averaged else name)

    def noisy(self, name):
        """Whether what the averaged network makes depends on random numbers besides its inputs."""
        return works_at_inference(self.averaged_network(name))

    def noise_of_samples(self, seed=0, first=0):
        """A scope in which noise layers that work at inference draw the numbers of samples `first`, `first` + 1, ..."""
        context = tf.distribute.get_replica_context()  # there is none outside the steps of a strategy
        replica = 0 if context is None else context.replica_id_in_sync_group
        calls = Calls(self.networks())
        return noise_from(lambda layer: EndlessDraws(seed, calls.purpose(layer), first, replica))

    def run_averaged(self, name, inputs, seed=0, first=0):
        """What the averaged network makes of inputs in its own structure: float32.

        Args:
            name: of the network.
            inputs: a block of rows.
            seed: of the noise, where the network has any at inference.
            first: the number of the block's first row, which has the same noise in blocks of every size.
        """
        self.derived.follow()
        return self._run_averaged(name, inputs, tf.cast(seed, tf.int64), tf.cast(first, tf.int64))

    @tf.function(reduce_retracing=True)
    def _run_averaged(self, name, inputs, seed, first):
        with self.noise_of_samples(seed, first):
            return tf.cast(self.averaged_network(name)(inputs, training=False), tf.float32)
