"""Samples of the averaged generator."""

import tensorflow as tf

from kgan.products.product import Product, compare

ROWS = 4


class Samples(Product):
    """Samples: `gan.sample`, `kgan sample`, and the signatures serve, from_latents and latents of an export."""

    verb = "sample"
    networks = ("generator",)

    def signatures(self, game):
        def output(latents, labels, seed=0, first=0):
            labels = game.label_rules.admitted(labels)
            with game.noise_of_samples(seed, first):
                values = game.averaged_network("generator")(game.generator_inputs(latents, labels), training=False)
            return {game.kind.array: game.kind.stored_in_graph(tf.cast(values, tf.float32))}

        def serve(num_samples, seed, labels=None):
            return output(game.latents(num_samples, seed), labels, seed)

        def from_latents(latents, labels=None):
            return output(latents, labels)

        def from_latents_with_noise(latents, seed, first, labels=None):
            return output(latents, labels, seed, first)

        def latents(num_samples, seed):
            return {"latents": game.latents(num_samples, seed)}

        spec = game.inputs_of["generator"].tensor("labels")
        labels = [] if spec is None else [tf.TensorSpec(spec.shape, spec.dtype, "labels")]
        drawn = [tf.TensorSpec((), tf.int32, "num_samples"), tf.TensorSpec((), tf.int64, "seed")]
        given = [tf.TensorSpec((None, game.latent_dim), tf.float32, "latents")]
        if game.noisy("generator"):
            from_latents = from_latents_with_noise
            given += [tf.TensorSpec((), tf.int64, "seed"), tf.TensorSpec((), tf.int64, "first")]
        return {
            "serve": tf.function(serve, [*drawn, *labels], autograph=False),
            "from_latents": tf.function(from_latents, [*given, *labels], autograph=False),
            "latents": tf.function(latents, drawn, autograph=False),
        }

    def check(self, game, served):
        labels = [tf.constant(game.label_rules.example(ROWS))] if game.conditional else []
        live = game.kind.stored(
            game.sample_values(ROWS, seed=1, labels=labels[0].numpy() if labels else None)
        )  # fmt: skip
        seed = tf.constant(1, tf.int64)
        noise = [seed, tf.constant(0, tf.int64)] if game.noisy("generator") else []
        for endpoint, arguments in (
            (served.serve, [tf.constant(ROWS), seed]),
            (served.from_latents, [game.latents(ROWS, seed=1), *noise]),
        ):
            (made,) = (value.numpy() for value in endpoint(*arguments, *labels).values())
            compare("generator", made, live, game.kind.tolerance(live))
