"""Latents of examples, from a game with an encoder."""

import numpy as np
import tensorflow as tf

from kgan.products.product import Product, compare

ROWS = 4


class Codes(Product):
    """Codes: `gan.encode`, `kgan encode`, and the signature encode of an export.

    The encoder's outputs are the latents, or first their means.

    Args:
        encoder: name of the network that makes latents of examples.
        generator: name of the one that makes examples of latents.
    """

    verb = "encode"

    def __init__(self, encoder, generator):
        self.encoder, self.generator, self.networks = encoder, generator, (encoder,)

    def encode(self, game, examples, labels=None, batch_size=256):
        """float32 [N, latent_dim], see `BiGAN.encode`."""
        game.derived.follow()
        examples = game.usable(tf.convert_to_tensor(game.kind.seen(examples)))
        roles = game.inputs_of[self.encoder]
        if roles.has("labels"):
            if labels is None:
                raise ValueError("This encoder takes labels; say which with labels=.")
            labels = tf.constant(game.label_rules.values(len(examples), labels))
        parts = []
        for start in range(0, len(examples), batch_size):
            rows = slice(start, start + batch_size)
            inputs = roles.inputs(images=examples[rows], labels=None if labels is None else labels[rows])
            parts.append(game.run_averaged(self.encoder, inputs, first=start)[:, : game.latent_dim].numpy())
        return np.concatenate(parts)

    def reconstruct(self, game, examples, labels=None, batch_size=256):
        """Examples as `sample` gives them, see `BiGAN.reconstruct`."""
        latents = self.encode(game, examples, labels, batch_size)
        given = game.labels_for(len(latents), labels)
        parts = []
        for start in range(0, len(latents), batch_size):
            rows = slice(start, start + batch_size)
            inputs = game.generator_inputs(latents[rows], None if given is None else given[rows])
            parts.append(game.run_averaged(self.generator, inputs, first=start).numpy())
        return game.kind.stored(np.concatenate(parts))

    def signatures(self, game):
        roles = game.inputs_of[self.encoder]
        example = roles.tensor("images")
        dtype = game.kind.stored(np.zeros([1])).dtype
        specs = [tf.TensorSpec(example.shape, dtype, game.kind.array)]
        spec = roles.tensor("labels")
        specs += [] if spec is None else [tf.TensorSpec(spec.shape, spec.dtype, "labels")]

        def encode(examples, labels=None):
            labels = game.label_rules.admitted(labels)
            inputs = roles.inputs(images=game.kind.seen(examples), labels=labels)
            with game.noise_of_samples():
                outputs = game.averaged_network(self.encoder)(inputs, training=False)
            return {"latents": tf.cast(outputs, tf.float32)[:, : game.latent_dim]}

        return {"encode": tf.function(encode, specs, autograph=False)}

    def check(self, game, served):
        shape = game.inputs_of[self.encoder].tensor("images").shape[1:]
        examples = game.kind.stored(np.random.default_rng(1).uniform(-1, 1, [ROWS, *shape]))
        labels = [game.label_rules.example(ROWS)] if game.inputs_of[self.encoder].has("labels") else []
        live = self.encode(game, examples, *labels)
        made = served.encode(tf.constant(examples), *map(tf.constant, labels))["latents"].numpy()
        compare(self.encoder, made, live, 1e-4 * (1 + float(np.abs(live).max())))
