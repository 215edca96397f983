"""Images mapped to images of another domain."""

import numpy as np
import tensorflow as tf

from kgan.products.product import Product, compare

ROWS = 4
COLUMNS = 8


class Mapped(Product):
    """Images of one domain as those of another: `gan.map`, `kgan map`, and a signature such as map_ab of an export.

    Args:
        network: name of the generator that maps.
        source, target: names of the domains.
    """

    verb = "map"

    def __init__(self, network, source, target):
        self.network, self.source, self.target = network, source, target
        self.networks = (network,)

    @property
    def name(self):
        """The direction, such as "ab"."""
        return self.source + self.target

    def map(self, game, examples, batch_size=64):
        """See `Translation.map`."""
        game.derived.follow()
        roles = game.inputs_of[self.network]
        examples = game.usable(self.source, tf.convert_to_tensor(game.kind.seen(np.asarray(examples)), tf.float32))
        parts = [
            game.run_averaged(self.network, roles.inputs(images=examples[start : start + batch_size]), 0, start).numpy()
            for start in range(0, len(examples), batch_size)
        ]
        return game.kind.stored(np.concatenate(parts))

    def picture(self, game, count, seed, labels, data):
        """Rows of examples, and below each row what they are mapped to."""
        if data is None:
            raise ValueError(
                "A picture of what a game maps needs examples: give it data=, a data set or {'a': images, 'b': images}."
            )
        count = max(1, count // 2)
        examples = np.asarray((data.example(count) if hasattr(data, "example") else data)[self.source])[:count]
        return above(game.kind.stored(examples), self.map(game, examples))

    def signatures(self, game):
        roles = game.inputs_of[self.network]
        example = roles.tensor("images")
        dtype = game.kind.stored(np.zeros([1])).dtype

        def mapped(examples):
            inputs = roles.inputs(images=game.kind.seen(examples))
            with game.noise_of_samples():
                values = game.averaged_network(self.network)(inputs, training=False)
            return {game.kind.array: game.kind.stored_in_graph(tf.cast(values, tf.float32))}

        spec = tf.TensorSpec(example.shape, dtype, game.kind.array)
        return {f"map_{self.name}": tf.function(mapped, [spec], autograph=False)}

    def check(self, game, served):
        shape = game.inputs_of[self.network].tensor("images").shape[1:]
        examples = game.kind.stored(np.random.default_rng(1).uniform(-1, 1, [ROWS, *shape]))
        live = self.map(game, examples)
        (made,) = (value.numpy() for value in getattr(served, f"map_{self.name}")(tf.constant(examples)).values())
        compare(self.network, made, live, game.kind.tolerance(live))


def above(inputs, outputs):
    """Rows of images, and below each row what they are mapped to: (images, columns) of a picture.

    Example:
        >>> images, columns = above(np.zeros([16, 4, 4, 1]), np.ones([16, 4, 4, 1]))
        >>> columns, images[:, 0, 0, 0].reshape(-1, columns)[:, 0].tolist()
        (8, [0.0, 1.0, 0.0, 1.0])
    """
    inputs, outputs = alike(inputs, outputs)
    columns = min(COLUMNS, len(inputs))
    blank = np.zeros([-len(inputs) % columns, *inputs.shape[1:]], inputs.dtype)  # what the last rows lack
    parts = [np.concatenate([part, blank]) for part in (inputs, outputs)]
    rows = [part[at : at + columns] for at in range(0, len(inputs), columns) for part in parts]
    return np.concatenate(rows), columns


def alike(*parts):
    """Arrays of images [N, height, width, channels] with the same sides and channels: the smaller ones get a border of
    zeros, and grey becomes a colour.

    Example:
        >>> [part.shape for part in alike(np.zeros([1, 2, 2, 1]), np.zeros([1, 4, 2, 3]))]
        [(1, 4, 2, 3), (1, 4, 2, 3)]
    """
    if len({part.shape[1:] for part in parts}) == 1:
        return parts
    channels = max(part.shape[-1] for part in parts)
    sides = [max(part.shape[axis] for part in parts) for axis in (1, 2)]
    parts = [np.repeat(part, channels // part.shape[-1], axis=-1) for part in parts]
    return tuple(
        np.pad(part, [(0, 0), (0, sides[0] - part.shape[1]), (0, sides[1] - part.shape[2]), (0, 0)]) for part in parts
    )
