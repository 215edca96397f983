"""Samples of the averaged generator."""

import inspect
import json

import keras
import tensorflow as tf

from kgan.products.product import Product, compare

ROWS = 4


class Samples(Product):
    """Samples: `gan.sample`, `kgan sample`, and the signatures serve, from_latents and latents of an export.

    Args:
        network: name of the generator.
    """

    verb = "sample"

    def __init__(self, network):
        self.network, self.networks = network, (network,)

    def picture(self, game, count, seed, labels, data):
        count, labels, columns = game.kind.layout(count, labels)
        given, each = game.drawn_from.rows(count)
        count = len(next(iter(given.values()))) if given else count
        return game.sample(count, seed, labels, **given), columns or each

    def signatures(self, game):
        roles = game.inputs_of[self.network]
        drawn = game.drawn_from.roles

        noise = ["seed", "first"] if game.noisy(self.network) else []
        names = [*drawn, *noise, *(["labels"] if game.conditional else [])]

        def output(latents, labels, seed=0, first=0):
            labels = game.label_rules.admitted(labels)
            with game.noise_of_samples(seed, first):
                generator = game.averaged_network(self.network)
                values = generator(game.generator_inputs(latents, labels), training=False)
            return {game.kind.array: game.kind.stored_in_graph(tf.cast(values, tf.float32))}

        def serve(num_samples, seed, labels=None):
            return output(game.latents(num_samples, seed), labels, seed)

        def from_latents(*given):
            given = dict(zip(names, given, strict=True))
            return output(
                {role: given[role] for role in drawn}, given.get("labels"), given.get("seed", 0), given.get("first", 0)
            )

        from_latents.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
            [inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD) for name in names]
        )

        def latents(num_samples, seed):
            return _named(game.latents(num_samples, seed))

        specs = [_spec(name, roles.tensor(name)) for name in names if name not in noise]
        specs[len(drawn) : len(drawn)] = [tf.TensorSpec((), tf.int64, name) for name in noise]
        asked = [tf.TensorSpec((), tf.int32, "num_samples"), tf.TensorSpec((), tf.int64, "seed")]
        return {
            "serve": tf.function(serve, [*asked, *specs[len(drawn) + len(noise) :]], autograph=False),
            "from_latents": tf.function(from_latents, specs, autograph=False),
            "latents": tf.function(latents, asked, autograph=False),
        }

    def noted(self, game):
        prior = json.dumps(keras.saving.serialize_keras_object(game.drawn_from))
        return {"one_hot": game.label_rules.one_hot, "num_classes": game.label_rules.num_classes or 0, "prior": prior}

    def check(self, game, served):
        labels = [tf.constant(game.label_rules.example(ROWS))] if game.conditional else []
        live = game.kind.stored(
            game.sample_values(ROWS, seed=1, labels=labels[0].numpy() if labels else None)
        )  # fmt: skip
        seed = tf.constant(1, tf.int64)
        noise = [seed, tf.constant(0, tf.int64)] if game.noisy(self.network) else []
        for endpoint, arguments in (
            (served.serve, [tf.constant(ROWS), seed]),
            (served.from_latents, [*_named(game.latents(ROWS, seed=1)).values(), *noise]),
        ):
            (made,) = (value.numpy() for value in endpoint(*arguments, *labels).values())
            compare(self.network, made, live, game.kind.tolerance(live))


def _spec(name, tensor):
    """How the input `tensor` of a network is served: latents as they are drawn, whatever the network computes in."""
    return tf.TensorSpec(tensor.shape, tf.float32 if name == "latents" else tensor.dtype, name)


def _named(latents):
    return latents if isinstance(latents, dict) else {"latents": latents}
