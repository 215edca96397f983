"""Pixels and numbers: the only module that knows that networks see images in [-1, 1].

Stored images are uint8 in [0, 255], channels last. A pixel p becomes p / 127.5 - 1; a number x in
[-1, 1] becomes floor(clip(127.5 x + 128, 0, 255)), which is the inverse on all 256 pixel values.
"""

import warnings
from pathlib import Path

import numpy as np


def to_float(images):
    """Pixels [0, 255] to float32 in [-1, 1].

    Args:
        images: of any shape and number type; an array gives an array, a tensor of TensorFlow or Keras a tensor, so that
            `data.map(kgan.images.to_float)` scales a `tf.data.Dataset`. Floats may overshoot a little, as pixels do
            that were resized.

    Raises:
        ValueError: the numbers are certainly no pixels, such as images in [-1, 1], or of 16 bits. In a graph it is
            tf.errors.InvalidArgumentError, which `fit` turns into a ValueError.

    Numbers in [0, 1], which would all be black, are said in a warning, but not in a graph.

    Example:
        >>> to_float(np.array([0, 255], np.uint8)).tolist()
        [-1.0, 1.0]
    """
    tensor = type(images).__module__.split(".")[0] in ("tensorflow", "keras")
    numbers = images if tensor else np.asarray(images)
    if numbers.dtype not in (np.uint8, "uint8"):
        _check_pixels(numbers)
    if tensor:
        import keras

        return keras.ops.cast(images, "float32") / 127.5 - 1
    return np.asarray(images, np.float32) / np.float32(127.5) - np.float32(1)


NO_PIXELS = (
    "images: kgan.images.to_float takes pixels from 0 to 255 (leave it out for images in [-1, 1], and scale others to "
    "that yourself), got numbers from"
)


def _check_pixels(numbers):
    """Refuses what is certainly no pixels, and says what is probably none."""
    if not isinstance(numbers, np.ndarray):
        import tensorflow as tf

        if not tf.is_tensor(numbers):  # a KerasTensor, which has no values
            return
        if not tf.executing_eagerly():
            x = tf.cast(numbers, tf.float32)
            low, high = tf.reduce_min(x), tf.reduce_max(x)
            tf.debugging.Assert(~_impossible(low, high), [NO_PIXELS, low, "to", high])
            return
        numbers = np.asarray(numbers)
    if not numbers.size:
        return
    low, high = float(numbers.min()), float(numbers.max())
    if _impossible(low, high):
        raise ValueError(f"{NO_PIXELS} {low:g} to {high:g}.")
    if numbers.dtype.kind not in "iu" and 0 <= low < high <= 1:
        warnings.warn(
            f"kgan.images.to_float got numbers from {low:.3g} to {high:.3g}, which are all black among pixels from 0 "
            f"to 255. If they are pixels / 255, take 2 x - 1 instead.",
            stacklevel=3,
        )


def _impossible(low, high):
    """Whether numbers from `low` to `high` are certainly no pixels: resized ones overshoot by a quarter at most."""
    return ((low < -0.5) & (low < -high / 2)) | (high > 1.5 * 255)


def to_uint8(images):
    """Numbers in [-1, 1] to uint8 pixels; values outside are clipped, NaN becomes 0.

    Example:
        >>> to_uint8(np.array([-1.0, 0.0, 1.0])).tolist()
        [0, 128, 255]
    """
    pixels = np.clip(np.asarray(images, np.float32) * np.float32(127.5) + np.float32(128), 0, 255)
    return np.nan_to_num(pixels).astype(np.uint8)


def grid(images, columns=None, gap=1):
    """Arranges uint8 images [N, H, W, C] row by row in one uint8 picture [height, width, C].

    Small images are enlarged, a whole number of times, to at most 64 pixels, so that a person sees them.

    Args:
        images: uint8, [N, H, W, C] with C of 1, 3 or 4.
        columns: images per row; by default the picture is about as many images wide as high.
        gap: black pixels between neighbours.

    Example:
        >>> grid(np.zeros([6, 28, 28, 1], np.uint8), columns=3).shape
        (113, 170, 1)
    """
    images = np.asarray(images)
    if images.dtype != np.uint8 or images.ndim != 4 or not len(images):
        raise ValueError(f"grid takes uint8 images [N, H, W, C]; got {images.dtype} {list(images.shape)}.")
    zoom = max(1, 64 // max(images.shape[1:3]))
    images = images.repeat(zoom, axis=1).repeat(zoom, axis=2)
    count, height, width, channels = images.shape
    columns = columns or int(np.ceil(np.sqrt(count)))
    rows = -(-count // columns)
    picture = np.zeros([rows * (height + gap) - gap, columns * (width + gap) - gap, channels], np.uint8)
    for index, image in enumerate(images):
        top, left = (index // columns) * (height + gap), (index % columns) * (width + gap)
        picture[top : top + height, left : left + width] = image
    return picture


def write_png(path, image):
    """Writes one uint8 picture [H, W, C] (C = 1, 3 or 4) atomically: `path` is whole or absent."""
    from PIL import Image

    from kgan.files import replacing

    image = np.asarray(image)
    if image.shape[-1] == 1:
        image = image[..., 0]
    path = Path(path)
    with replacing(path) as temporary:
        Image.fromarray(image).save(temporary, format="PNG")


def write_points(path, points):
    """Draws vectors [N, d] as points: `kgan.kinds.Vectors().draw`."""
    from kgan.kinds import Vectors

    Vectors().draw(path, points)
