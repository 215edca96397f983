"""clean-fid's resize of an image before Inception: Pillow's bicubic, antialiased, of float32 channels."""

import functools

import numpy as np
import tensorflow as tf

from kgan.metrics.inception_layout import SIDE


def clean_resize(images):
    """Bicubic resize to 299x299 with antialiasing, clipped to 0..255 and not rounded to integers.

    The preprocessing of Parmar et al. 2022, section 3 (https://arxiv.org/abs/2104.11222), in its "clean" mode:
    each channel as Pillow resizes an image of mode "F" with BICUBIC. A pixel is a weighted mean of those about its
    place, with Keys' cubic of a = -0.5, stretched over as many more pixels as the image shrinks. Both axes
    are matrix products, the same for all images of a size.

    Args:
        images: uint8 or float32 [N, H, W, C] in 0..255.

    Returns:
        float32 [N, 299, 299, C] in 0..255, within 1e-3 of Pillow's.
    """
    _, height, width, _ = images.shape
    planes = tf.transpose(tf.cast(images, tf.float32), [0, 3, 1, 2])
    planes = tf.matmul(_weights(height), tf.matmul(planes, _weights(width), transpose_b=True))
    return tf.transpose(tf.clip_by_value(planes, 0, 255), [0, 2, 3, 1])


@functools.lru_cache(maxsize=16)
def _weights(size):
    """float32 [299, size]: of what each new pixel is made."""
    step = size / SIDE
    places = (np.arange(SIDE)[:, None] + 0.5) * step - 0.5
    weights = _cubic(np.abs(np.arange(size) - places) / max(step, 1))
    return (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)


def _cubic(distance):
    """Keys' piecewise cubic (1981) with a = -0.5: 1 at 0, 0 at 1 and from 2 on."""
    near = (1.5 * distance - 2.5) * distance**2 + 1
    far = ((2.5 - 0.5 * distance) * distance - 4) * distance + 2
    return np.select([distance < 1, distance < 2], [near, far], 0.0)
