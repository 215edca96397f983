"""Padding that mirrors an image at its edges."""

import tensorflow as tf

from kgan.layers.layer import Layer, check_at_least, check_rank


class ReflectionPadding(Layer):
    """Continues an image beyond its edges by its mirror image, without repeating the edge. Johnson et al. 2016,
    supplementary material (https://arxiv.org/abs/1603.08155), where it lessens artefacts at the border.

    Args:
        width: how many pixels on each side, at least 0, and less than the image has.

    Input: [N, height, width, channels].
    Output: [N, height + 2 width, width + 2 width, channels].

    Raises:
        ValueError: width is below 0; the image is too small to be mirrored.

    Example:
        >>> ReflectionPadding(1)(tf.constant([[[[1.0], [2.0], [3.0]]] * 3]))[0, 1, :, 0].numpy().tolist()
        [2.0, 1.0, 2.0, 3.0, 2.0]
    """

    def __init__(self, width: int = 1, **kwargs):
        check_at_least(0, width=width)
        super().__init__(**kwargs)
        self.width = width

    def build(self, input_shape):
        check_rank(self, input_shape, [4], "images [N, height, width, channels]")
        sides = [side for side in input_shape[1:3] if side is not None]
        if sides and min(sides) <= self.width:
            raise ValueError(
                f"ReflectionPadding({self.width}) needs images of more than {self.width} pixels a side; got the shape "
                f"{input_shape}."
            )

    def call(self, inputs):
        edge = [self.width, self.width]
        return tf.pad(inputs, [[0, 0], edge, edge, [0, 0]], mode="REFLECT")

    def compute_output_shape(self, input_shape):
        count, height, width, channels = input_shape
        return (count, *(None if side is None else side + 2 * self.width for side in (height, width)), channels)
