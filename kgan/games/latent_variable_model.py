"""What every game has whose players train a generator that can be sampled."""

import warnings

import keras
import numpy as np
import tensorflow as tf

from kgan import kinds
from kgan.batch import Batch
from kgan.games.game import Game
from kgan.guards import batches
from kgan.guards.arguments import UNWEIGHTED
from kgan.guards.examples import as_floats, as_wanted, check_batched, check_usable
from kgan.guards.labels import LabelRules
from kgan.guards.pictures import FirstLook
from kgan.guards.refusals import refusals
from kgan.priors import Prior, get
from kgan.products import Product, Samples
from kgan.randomness import Draws


class LatentVariableModel(Game):
    """A game that trains a generator of images from latents drawn from a prior: a GAN, a VAE.

    Subclasses set `generator`, the other players, `ema`, the decay of the generator's moving average, and `prior`, a
    value of `kgan.priors`, perhaps `kind`, what an example is, and then call `_start`. Calling the model on latents
    runs the averaged generator, and so do `predict`, `sample`, the scores and the export.
    """

    takes: dict[str, tuple[str, ...]] = {"generator": ("latents", "labels")}

    products: tuple[Product, ...] = (Samples("generator"),)

    averaged: tuple[str, ...] = ("generator",)

    generator: keras.Model
    prior: Prior

    def _start(self):
        self.kind = kinds.usual(self.generator.outputs[0].shape[1:]) if self.kind is None else self.kind
        self.prior.check(self.inputs_of["generator"])
        self.label_rules = LabelRules.of(
            [(getattr(self, role), roles.tensor("labels")) for role, roles in self.inputs_of.items()]
        )
        self._first_look = None
        self._average_networks(self.label_rules.example)
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
    def migrated(cls, options):
        """The usual priors may be named, and format 1 knew nothing but the names."""
        named = options.get("prior")
        return options | {"prior": get(named)} if isinstance(named, str) else options

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
        images = as_floats(images)
        labels = None if labels is None else tf.convert_to_tensor(labels)
        labels = self.label_rules.admitted(labels)
        return Batch(self.as_made(images), labels)

    def minibatches(self, data):
        """Yields k disjoint fresh minibatches out of one `fit` batch; minibatch j is x[j::k].

        Strided, so that the same images meet on one device and on several.
        """
        batch = self.minibatch(data)
        # An evaluation reads the whole batch at once, since no player has to be updated before the other.
        k = 1 if self._moment.observing else self.num_minibatches
        batch, count = self._whole(batch, k)
        for self._moment.update in range(k):
            self._moment.looks = 0
            for name in self.judges:
                self.power_iterate(getattr(self, name))
            yield batch.map(lambda part, first=self._moment.update: part[first:count:k])
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
                batch = batch.map(tf.identity)
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
        return as_wanted(examples, self.generator.outputs[0].shape[1:], "the generator makes")

    def usable(self, examples):
        """Examples for the trained encoder, with the axes of what the generator makes; nonsense is refused."""
        examples = self.as_made(examples)
        check_usable(examples, self.first_look())
        return examples

    def makers(self):
        """{role: network} of those that make examples."""
        return {"generator": self.generator}

    def first_look(self):
        """What looks at examples before the networks see them, a `FirstLook`."""
        if self._first_look is None:
            self._first_look = FirstLook(self.makers(), self.kind.bounded)
        return self._first_look

    def look_at(self, examples, labels, examined=False):
        if isinstance(examples, dict):
            return  # which the step refuses
        if examples is not None:
            check_batched(examples.shape, self.generator.outputs[0].shape[1:])
            self.first_look()(examples, examined)
        if labels is not None:
            self.label_rules.learn(labels)

    # --- using the trained generator ---

    def call(self, latents, training=False):
        if tf.executing_eagerly():
            self.derived.follow()
        parts = self._given(latents)
        self.drawn_from.check_given(parts)
        labels = self.label_rules.admitted(parts.pop("labels", None))
        with self.noise_of_samples():
            return self.ema_generator(self.generator_inputs(parts, labels), training=False)

    def _given(self, inputs):
        """{role: tensor} of what the game is called on: latents, or a list or dictionary of them and labels."""
        names = [*self.drawn_from.roles, *(["labels"] if self.conditional else [])]
        if not isinstance(inputs, dict):
            inputs = inputs if isinstance(inputs, list | tuple) else [inputs]
            if len(inputs) != len(names):
                raise ValueError(f"This game is called on {' and '.join(names)}; got {len(inputs)} of these.")
            inputs = dict(zip(names, inputs, strict=True))
        if set(inputs) != set(names):
            raise ValueError(f"This game is called on {' and '.join(names)}; got {' and '.join(inputs) or 'nothing'}.")
        return {name: tf.convert_to_tensor(part) for name, part in inputs.items()}

    def predict(self, x, *positional, **options):
        """Keras' `predict`: what the averaged generator makes of latents, or of [latents, labels]; float32."""
        self.derived.follow()
        with refusals():
            return super().predict(x, *positional, **options)

    def sample(self, n, seed=0, labels=None, truncation=None, batch_size=256, **given):
        """`n` samples of the averaged generator.

        Args:
            n: how many.
            seed: of the latents; the same seed gives the same samples, and a smaller n the first of them.
            labels: for conditional generators: one label for all, or n of them; classes as integers.
            truncation: T > 0 draws latents from N(0, 1) cut to [-T, T]; None for the whole prior.
            batch_size: samples per forward pass.
            **given: parts of the latents that are not drawn, as the prior has them: codes={0: 3} of InfoGAN.

        Returns:
            uint8 [n, height, width, channels] for images; float32 [n, d] for vectors.

        Example:
            >>> import kgan
            >>> generator = kgan.architectures.MLPGenerator(data_shape=(2,), latent_dim=2)
            >>> discriminator = kgan.architectures.MLPDiscriminator(data_shape=(2,))
            >>> kgan.WGANGP(generator, discriminator).sample(3).shape
            (3, 2)
        """
        values = self.sample_values(n, seed, labels, truncation, batch_size, **given)
        return self.kind.stored(values)

    def sample_values(self, n, seed=0, labels=None, truncation=None, batch_size=256, **given):
        """The same samples as `sample`, as the network makes them: float32, images in [-1, 1]."""
        return np.concatenate(list(self.blocks_of_values(n, seed, labels, truncation, batch_size, **given)))

    def sample_blocks(self, n, seed=0, labels=None, batch_size=256):
        """The samples of `sample`, block by block: for more of them than fit into memory."""
        for values in self.blocks_of_values(n, seed, labels, None, batch_size):
            yield self.kind.stored(values)

    def blocks_of_values(self, n, seed=0, labels=None, truncation=None, batch_size=256, **given):
        """The samples of `sample_values`, block by block."""
        if n < 1:
            raise ValueError(f"n must be at least 1; got {n}.")
        # All latents are drawn at once, so that they do not depend on batch_size.
        inputs = self.generator_inputs(self.latents(n, seed, truncation, **given), self.labels_for(n, labels))
        for start in range(0, n, batch_size):
            part = tf.nest.map_structure(lambda tensor, at=start: tensor[at : at + batch_size], inputs)
            yield self.run_averaged("generator", part, seed, start).numpy()

    def latents(self, n, seed=0, truncation=None, **given):
        """The latents behind `sample`: float32 [n, latent_dim], a function of the seed and of what is given alone; of a
        prior with several parts {name: tensor}.
        """
        draws, prior = Draws(seed, "samples"), self.drawn_from
        if truncation is None:
            latents = prior.draw(draws, n, self.latent_dim)
        elif truncation > 0:
            latents = prior.truncated(draws, n, self.latent_dim, truncation)
        else:
            raise ValueError(f"truncation must be above 0; got {truncation}.")
        return prior.set(latents, **given) if given else latents

    @property
    def drawn_from(self):
        """The prior of all that the generator is given: `prior` itself, unless a game makes one with it."""
        return self.prior

    def _latents(self, draws, count):
        return self.drawn_from.draw(draws, count, self.latent_dim)

    def generated(self, latents, labels=None):
        """What the live generator makes of latents, as the prior gives them, float32."""
        parts = latents if isinstance(latents, dict) else {"latents": latents}
        return self.run(self.generator, **parts, labels=labels)

    def generator_inputs(self, latents, labels):
        """What the generator is called with, in its own structure; `latents` as the prior gives them."""
        if self.conditional and labels is None:
            raise ValueError("This generator is conditional; fit it on (images, labels).")
        parts = latents if isinstance(latents, dict) else {"latents": latents}
        return self.inputs_of["generator"].inputs(**parts, labels=labels)
