"""The Inception network that FID, IS and KID are defined by, with TensorFlow 1's resize."""

import contextlib

import keras
import numpy as np
import tensorflow as tf

from kgan.metrics import inception_weights
from kgan.metrics.arrays import at_least
from kgan.metrics.clean_resize import clean_resize
from kgan.metrics.inception_layout import CLASSES, FEATURES, SIDE, STEPS, follow, shapes
from kgan.precision import policy


class Inception:
    """The features and logits of the network of December 2015 (Szegedy et al., arXiv:1512.00567) for uint8 images.

    The network is the graph `inception-2015-12-05`, whose features define FID (Heusel et al. 2017,
    arXiv:1706.08500) and whose logits define IS; it computes in float32 without TF32, whatever the global
    policy is. Images are resized to 299x299 as in that graph: bilinear, corners not aligned, no half-pixel
    centres, no antialiasing; then (x - 128) / 128.

    Args:
        weights: one of the four files of the weights (pt_inception-2015-12-05-6726825d.pth,
            weights-inception-2015-12-05-6726825d.pth, inception-2015-12-05.pt, classify_image_graph_def.pb),
            or a folder that holds one; None looks in the usual places.
        resize: "tf1", as above; or "clean", the antialiased bicubic of clean-fid (Parmar et al. 2022,
            arXiv:2104.11222), whose scores are other ones: Clean-FID, not FID.

    Attributes:
        network: the Keras model, from [N, 299, 299, 3] in [-1, 1] to features, logits, logits without bias.
        sha256: the digest of the file that the weights came from.
        verified: whether that is a published file's digest; only then may a score be called FID, IS or KID.

    Raises:
        FileNotFoundError: no weights; one line with all that was tried and what to do.
        ValueError: a file that is damaged, hostile, or of another network; another resize.
    """

    def __init__(self, weights=None, resize="tf1"):
        if resize not in RESIZES:
            raise ValueError(f"resize must be {' or '.join(map(repr, RESIZES))}; got {resize!r}.")
        self.resize = resize
        found = inception_weights.load(weights)
        self.network = build()
        assign(self.network, found.arrays)
        self.source, self.sha256, self.verified = found.source, found.sha256, found.verified
        signature = [tf.TensorSpec([None, SIDE, SIDE, 3], tf.float32)]
        self._compute = tf.function(lambda x: self.network(x, training=False), input_signature=signature)

    @property
    def extractor(self):
        """What a record says of the extractor, beside the layer that a metric takes."""
        return {
            "id": "inception-2015-12-05" if self.verified else f"inception@{self.sha256[:8]}",
            "weights_sha256": self.sha256,
            "input_resize": RESIZES[self.resize][0],
            "input_scale": "(x-128)/128",
            "dtype": "float32",
            "tf32": False,
        }

    def __call__(self, images, batch_size=16):
        """Features and logits of images.

        Args:
            images: uint8 [N, H, W, 3], or [N, H, W, 1], whose grey is taken for all three colours; any size.
            batch_size: images that are computed at a time, which take some 18 MB each; the numbers do not depend on it
                beyond rounding. On CPUs larger ones are not faster.

        Returns:
            {"features": [N, 2048], "logits": [N, 1008], "logits_unbiased": [N, 1008]}, NumPy, float32;
            `logits_unbiased` is without the last layer's bias, as IS is computed.
        """
        images = _checked(images)
        batch_size = at_least(batch_size, 1, "batch_size")
        outputs = {name: np.empty([len(images), n], np.float32) for name, n in OUTPUTS.items()}
        _, resized = RESIZES[self.resize]
        with full_float32():
            for start in range(0, len(images), batch_size):
                part = images[start : start + batch_size]
                # At least two rows: TensorFlow multiplies a single row by another routine, which rounds differently.
                pixels = resized(np.repeat(part, 2, axis=0) if len(part) == 1 else part)
                for name, values in self._compute((pixels - 128.0) * 0.0078125).items():
                    outputs[name][start : start + batch_size] = values.numpy()[: len(part)]
        return outputs


EPSILON = 1e-3  # of the batch normalisations
OUTPUTS = {"features": FEATURES, "logits": CLASSES, "logits_unbiased": CLASSES}


def resize(images):
    """TensorFlow 1's bilinear resize to 299x299: pixel i of n is read at i * n / 299, without antialiasing.

    Args:
        images: uint8 or float32 [N, H, W, C].

    Returns:
        float32 [N, 299, 299, C] in the images' range.
    """
    return tf.raw_ops.ResizeBilinear(images=images, size=[SIDE, SIDE], align_corners=False, half_pixel_centers=False)


RESIZES = {"tf1": ("tf1-bilinear-299", resize), "clean": ("pil-bicubic-299", clean_resize)}


def build():
    """The network with untrained weights: a Keras model from [N, 299, 299, 3] to the three outputs."""
    with policy("float32"):
        inputs = keras.Input([SIDE, SIDE, 3])
        x = follow(STEPS, inputs, _conv, _pool, _join)
        features = keras.layers.GlobalAveragePooling2D(data_format="channels_last", name="pool_3")(x)
        unbiased = keras.layers.Dense(CLASSES, use_bias=False, name="softmax")(features)
        logits = Bias(name="softmax_bias")(unbiased)
        outputs = {"features": features, "logits": logits, "logits_unbiased": unbiased}
        network = keras.Model(inputs, outputs, name="inception_2015_12_05")
    network.trainable = False
    return network


def assign(network, arrays):
    """Gives the network the arrays of `inception_weights.load`."""
    for conv in shapes():
        kernel, bias = folded(*(arrays[f"{conv.name}/{part}"] for part in inception_weights.PARTS))
        layer = network.get_layer(conv.name)
        layer.kernel.assign(kernel)
        layer.bias.assign(bias)
    network.get_layer("softmax").kernel.assign(arrays["softmax/kernel"])
    network.get_layer("softmax_bias").bias.assign(arrays["softmax/bias"])


def folded(kernel, gamma, beta, mean, variance):
    """The kernel and bias of a convolution that does what one without bias and batch normalisation do.

    gamma (k * x - mean) / sqrt(variance + 0.001) + beta, with what multiplies x in the kernel; in float64.
    """
    scale = gamma.astype(np.float64) / np.sqrt(variance.astype(np.float64) + EPSILON)
    return kernel * scale, beta - mean * scale


@contextlib.contextmanager
def full_float32():
    """GPUs multiply float32 matrices in full inside the block, not in TF32, which keeps ten bits."""
    before = tf.config.experimental.tensor_float_32_execution_enabled()
    tf.config.experimental.enable_tensor_float_32_execution(False)
    try:
        yield
    finally:
        tf.config.experimental.enable_tensor_float_32_execution(before)


class Bias(keras.layers.Layer):
    """Adds a constant to each channel: a layer of its own, so that the values before it are an output too."""

    def build(self, input_shape):
        self.bias = self.add_weight(shape=[input_shape[-1]], initializer="zeros", name="bias")

    def call(self, x):
        return x + self.bias


def _conv(step, x):
    return keras.layers.Conv2D(
        step.filters,
        step.size,
        step.strides,
        step.padding,
        data_format="channels_last",
        activation="relu",
        name=step.name,
    )(x)


def _pool(step, x):
    # Keras divides by the real pixels only, as the graph does.
    kind = {"average": keras.layers.AveragePooling2D, "max": keras.layers.MaxPooling2D}[step.kind]
    return kind(3, step.strides, step.padding, data_format="channels_last")(x)


def _join(step, branches):
    return keras.layers.Concatenate(axis=-1, name=step.name)(branches)


def _checked(images):
    images = np.asarray(images)
    if images.dtype != np.uint8:
        raise ValueError(f"Inception takes uint8 images in [0, 255]; got {images.dtype}. See kgan.images.")
    if images.ndim != 4 or images.shape[3] not in (1, 3) or 0 in images.shape[1:]:
        raise ValueError(f"Inception takes images [N, H, W, 3] or [N, H, W, 1]; got the shape {list(images.shape)}.")
    return np.repeat(images, 3, axis=3) if images.shape[3] == 1 else images
