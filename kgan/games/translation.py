"""The cast of two domains: generators that map images of each to the other, and a discriminator for each."""

import keras
import tensorflow as tf

from kgan import kinds
from kgan.batch import Batch
from kgan.games.game import Game
from kgan.guards.arguments import UNWEIGHTED
from kgan.guards.examples import as_floats, as_wanted, check_batched, check_usable
from kgan.guards.outputs import check_scores
from kgan.guards.pictures import FirstLook
from kgan.guards.refusals import refusals
from kgan.products import Mapped

DOMAINS = ("a", "b")


class Translation(Game):
    """What the games share that learn to map the domain a to b, and b to a, from unpaired examples.

    `fit` takes {"a": images, "b": images}, as many of each in a batch. Calling the model maps a to b, by the averaged
    generator; `map` maps either way. Subclasses take the four networks by these names and hold them.
    """

    players: tuple[str, ...] = ("generator_ab", "generator_ba", "discriminator_a", "discriminator_b")
    judges = ("discriminator_a", "discriminator_b")
    averaged = ("generator_ab", "generator_ba")
    takes = dict.fromkeys(players, ("images",))
    products = (Mapped("generator_ab", "a", "b"), Mapped("generator_ba", "b", "a"))

    generator_ab: keras.Model
    generator_ba: keras.Model
    discriminator_a: keras.Model
    discriminator_b: keras.Model

    def hold(self, **networks):
        super().hold(**networks)
        self._check_networks()

    def _start(self):
        self.kind = kinds.usual(self.generator_ab.outputs[0].shape[1:]) if self.kind is None else self.kind
        self._looks = None
        self._average_networks()
        super()._start()

    def _check_networks(self):
        for name in self.averaged:
            if len(getattr(self, name).outputs) != 1:
                raise ValueError(f"The {name} must return images alone; it has several outputs.")
        for domain, maker, taker in (("a", "generator_ba", "generator_ab"), ("b", "generator_ab", "generator_ba")):
            judge = f"discriminator_{domain}"
            made = tuple(getattr(self, maker).outputs[0].shape[1:])
            for name in (taker, judge):
                taken = tuple(self.inputs_of[name].tensor("images").shape[1:])
                if taken != made:
                    raise ValueError(
                        f"The {maker} makes {made}, but the {name} takes {taken}; both are of domain {domain}, so give "
                        f"both the same shape."
                    )
            if len(getattr(self, judge).outputs) != 1:
                raise ValueError(f"The {judge} must return raw scores alone; it has several outputs.")
            check_scores(getattr(self, judge))

    @classmethod
    def provides(cls, name):
        source, target = {"generator_ab": "ab", "generator_ba": "ba"}.get(name, name[-1] * 2)
        return {
            "image_shape": lambda dataset, networks: tuple(_domain(dataset, source).data_shape),
            "data_shape": lambda dataset, networks: tuple(_domain(dataset, source).data_shape),
            "channels": lambda dataset, networks: _domain(dataset, target).data_shape[-1],
        }

    # --- training ---

    def minibatch(self, data):
        """The examples that `fit` hands over, {"a": Batch, "b": Batch}."""
        images, labels, weights = keras.utils.unpack_x_y_sample_weight(data)
        if weights is not None:
            raise ValueError(UNWEIGHTED)
        if labels is not None or not isinstance(images, dict) or sorted(images) != list(DOMAINS):
            given = sorted(images) if isinstance(images, dict) else "a pair" if isinstance(images, tuple) else "one set"
            raise ValueError(
                f'{type(self).__name__} is fitted on two domains, {{"a": images, "b": images}}, without labels; got '
                f"{given}{' and labels' if labels is not None else ''}."
            )
        return {name: Batch(self._as_taken(name, as_floats(images[name]))) for name in DOMAINS}

    def _as_taken(self, domain, examples):
        name = next(product.network for product in self.products if product.source == domain)
        return as_wanted(examples, self.inputs_of[name].tensor("images").shape[1:], f"the {name} takes")

    def usable(self, domain, examples):
        """Examples of a domain for the trained networks, with the axes that these take; nonsense is refused."""
        examples = self._as_taken(domain, examples)
        check_usable(examples, self.first_look(domain))
        return examples

    def look_at(self, examples, labels, examined=False):
        if not isinstance(examples, dict) or sorted(examples) != list(DOMAINS):
            return  # which the step refuses
        for domain in DOMAINS:
            wanted = self.inputs_of[f"discriminator_{domain}"].tensor("images").shape[1:]
            check_batched(examples[domain].shape, wanted)
            self.first_look(domain)(examples[domain], examined)

    def first_look(self, domain):
        """What looks at examples of a domain before the networks see them, a `FirstLook`."""
        if self._looks is None:
            self._looks = {
                product.target: FirstLook({product.network: getattr(self, product.network)}, self.kind.bounded)
                for product in self.products
            }
        return self._looks[domain]

    def score_of(self, network):
        return lambda batch: self.run(network, images=batch.images)

    # --- using the trained generators ---

    def call(self, images, training=False):
        if tf.executing_eagerly():
            self.derived.follow()
        self._check_called_on(images)
        product = self.products[0]
        inputs = self.inputs_of[product.network].inputs(images=images)
        with self.noise_of_samples():
            return self.averaged_network(product.network)(inputs, training=False)

    def _check_called_on(self, images):
        if isinstance(images, dict | list | tuple):
            raise ValueError(
                f"This game is called on images of domain {self.products[0].source}; got a {type(images).__name__}. "
                f"`map(images, to=...)` goes either way."
            )

    def predict(self, x, *positional, **options):
        """Keras' `predict`: what the averaged generator makes of images of domain a; float32 in [-1, 1]."""
        self._check_called_on(x)
        self.derived.follow()
        with refusals():
            return super().predict(x, *positional, **options)

    def map(self, examples, to="b", batch_size=64):
        """Examples of one domain as those of the other, by the averaged generator.

        Args:
            examples: uint8 pixels, or floats in [-1, 1] as `fit` takes them: [N, height, width, channels].
            to: the domain to map to, "a" or "b".
            batch_size: examples per forward pass.

        Returns:
            uint8 [N, height, width, channels] for pictures; else float32.

        Raises:
            ValueError: there is no such domain; the examples have another shape.
        """
        product = next((product for product in self.products if product.target == to), None)
        if product is None:
            raise ValueError(f"to must be one of {', '.join(map(repr, DOMAINS))}; got {to!r}.")
        return product.map(self, examples, batch_size)


def _domain(dataset, name):
    parts = getattr(dataset, "parts", {})
    if name not in parts:
        raise ValueError(f"the data set has no domain {name!r}; name two, as Domains: {{a: {{...}}, b: {{...}}}}.")
    return parts[name]
