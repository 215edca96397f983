"""Pictures."""

from pathlib import Path

import numpy as np

from kgan import images
from kgan.kinds.kind import Kind


class Pictures(Kind):
    """Pictures [height, width, channels]: networks see [-1, 1], people uint8 pixels.

    Example:
        >>> Pictures().stored(np.array([-1.0, 1.0]))
        array([  0, 255], dtype=uint8)
    """

    array = "images"
    visible = True
    bounded = True

    def stored(self, values):
        return images.to_uint8(values)

    def seen(self, values):
        return images.to_float(values) if values.dtype == np.uint8 else values

    def stored_in_graph(self, values):
        import tensorflow as tf

        # The same arithmetic as kgan.images.to_uint8, in the exported graph.
        return tf.cast(tf.clip_by_value(values * 127.5 + 128.0, 0.0, 255.0), tf.uint8)

    def tolerance(self, stored):
        return 1.0  # one grey level

    def layout(self, count, labels=None):
        each = count // len(labels) if labels else 1
        return count, labels and np.repeat(labels, each, axis=0), each if each > 1 else None

    def draw(self, path, samples, columns=None):
        images.write_png(path, images.grid(samples, columns))

    def write_each(self, folder, names, samples):
        for name, image in zip(names, samples, strict=True):
            images.write_png(Path(folder) / name, image)
