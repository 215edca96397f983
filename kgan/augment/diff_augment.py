"""Differentiable augmentation."""

import tensorflow as tf

from kgan.augment.augmentation import Augmentation

POLICIES = ("color", "translation", "cutout")


class DiffAugment(Augmentation):
    """Random colours, shifts and holes, on data and fakes, while both players learn. Zhao et al. 2020, section 3.2 and
    appendix (https://arxiv.org/abs/2006.10738).

    "color": x + b, b ~ U[-1/2, 1/2]; then the distance from the mean over the channels times s ~ U[0, 2]; then that
    from the image's mean times c ~ U[1/2, 3/2]. "translation": by up to 1/8 of the size each way, zeros come in.
    "cutout": a square of half the size, wherever its centre falls, becomes zero. Each image has its own draws. With few
    images (10% of CIFAR-10, say) it keeps the discriminator from learning them by heart.

    Args:
        policy: which of the three, in the order in which they are done.

    Raises:
        ValueError: a policy is unknown or named twice, or there is none; or the data are no images.

    Example:
        >>> from kgan.randomness import Draws
        >>> DiffAugment(("translation",))(tf.ones([4, 16, 16, 3]), Draws(0, "augment"), 0).shape
        TensorShape([4, 16, 16, 3])
    """

    def __init__(self, policy: tuple[str, ...] = POLICIES):
        if not policy or len(set(policy)) < len(policy) or not set(policy) <= set(POLICIES):
            raise ValueError(f"policy must name some of {', '.join(POLICIES)}, each once; got {policy!r}.")
        self.policy = tuple(policy)

    def check(self, shape):
        if len(shape) != 3:
            raise ValueError(
                f"DiffAugment changes images [height, width, channels]; the generator makes {shape}. For vectors there "
                f"is InstanceNoise."
            )

    def __call__(self, images, draws, step):
        # One draw for all three: two draws with the same key would be correlated.
        u = draws.uniform([tf.shape(images)[0], 7])
        changes = {"color": (color, u[:, :3]), "translation": (translation, u[:, 3:5]), "cutout": (cutout, u[:, 5:])}
        for name in self.policy:
            change, numbers = changes[name]
            images = change(images, numbers)
        return images


def color(images, u):
    """Brightness, saturation, contrast by u [N, 3] in [0, 1)."""
    b, s, c = (number[:, None, None, None] for number in tf.unstack(u, axis=1))
    images += b - 0.5
    gray = tf.reduce_mean(images, axis=-1, keepdims=True)
    images = gray + 2 * s * (images - gray)
    level = tf.reduce_mean(images, axis=(1, 2, 3), keepdims=True)
    return level + (c + 0.5) * (images - level)


def translation(images, u):
    """Shifts down and right by whole pixels, u [N, 2] in [0, 1)."""
    for axis, indices in ((1, "nij,njwc->niwc"), (2, "nij,nhjc->nhic")):
        size = images.shape[axis]
        most = int(size / 8 + 0.5)
        shift = tf.cast(tf.floor(u[:, axis - 1] * (2 * most + 1)), tf.int32) - most
        # A product with shifted unit matrices has derivatives of every order, and zeros come in by themselves.
        source = tf.range(size)[None, :, None] - shift[:, None, None]
        images = tf.einsum(indices, tf.cast(source == tf.range(size), images.dtype), images)
    return images


def cutout(images, u):
    """Zeros in a square of half the size around a centre u [N, 2] in [0, 1)."""
    inside = []
    for axis in (1, 2):
        size = images.shape[axis]
        side = int(size / 2 + 0.5)
        centre = tf.cast(tf.floor(u[:, axis - 1] * (size + 1 - side % 2)), tf.int32)
        offset = tf.range(size) - centre[:, None] + side // 2
        inside.append(tf.cast((offset >= 0) & (offset < side), images.dtype))
    return images * (1 - inside[0][:, :, None, None] * inside[1][:, None, :, None])
