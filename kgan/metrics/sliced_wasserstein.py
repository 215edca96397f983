"""The sliced Wasserstein distance between the patches of two sets of images, level by level of a pyramid."""

import numpy as np
from scipy.ndimage import correlate1d

from kgan.metrics.arrays import at_least, images

SMALLEST = 16  # no level is smaller
PATCH, PATCHES = 7, 128  # side in pixels; per image and level
DIRECTIONS, DIRECTIONS_AT_A_TIME = 512, 32
BINOMIAL = np.array([1, 4, 6, 4, 1]) / 16
LARGEST_PIXEL, SMALLEST_PIXEL = 1e15, 1e-12
NUMBERS = 2**22  # of one array of images that is worked on at a time


def sliced_wasserstein(real_images, fake_images, seed=0):
    """1000 times the sliced Wasserstein-1 distance between patches of the Laplacian pyramids of two sets.

    Karras et al. 2018, section 5 (https://arxiv.org/abs/1710.10196). A level is an image less its blurred half, the
    last one what is left; levels halve down to 16 pixels. Of each image and level 128 patches of 7 x 7 pixels with all
    their channels are taken, uniformly of those that fit; the patches of a set get mean 0 and deviation 1 in each
    channel; then both sets are projected on 512 random unit directions, and the distance is the mean difference of
    the sorted projections. The normalisation makes it blind to brightness, contrast and tint of a whole level of a set.

    Args:
        real_images: [N, H, W, C], H and W at least 16: any integers or floats, worked on in float32. The paper has
            16,384; the distance of two samples of one distribution falls with N, so print it beside the value.
        fake_images: the same shape.
        seed: of the patches and directions. Image i of both sets is cut at the same places, so that a set is at 0 from
            itself.

    Returns:
        A dict of floats, at least 0: for each level its height as a string ("32", "16"), and "average", their mean.

    Raises:
        ValueError: different or wrong shapes, sides below 16, NaN or infinity, or pixels that float32 cannot square.

    Example:
        >>> import numpy as np
        >>> noise = np.random.default_rng(0).integers(0, 256, [4, 32, 32, 3], np.uint8)
        >>> sliced_wasserstein(noise, noise)
        {'32': 0.0, '16': 0.0, 'average': 0.0}
        >>> sliced_wasserstein(noise, noise // 128 * 128)["32"] > 0
        True
    """
    real, fake = _pixels(real_images, "real images"), _pixels(fake_images, "fake images")
    if real.shape != fake.shape:
        raise ValueError(f"both sets must have one shape [N, H, W, C]; got {list(real.shape)} and {list(fake.shape)}.")
    if min(real.shape[1:3]) < SMALLEST:
        raise ValueError(f"sides must be at least {SMALLEST} pixels; got {list(real.shape[1:3])}.")
    sides = [real.shape[1:3]]
    while min(halved(sides[-1])) >= SMALLEST:
        sides.append(halved(sides[-1]))
    values = {}
    for level, (height, width) in enumerate(sides):
        generator = np.random.default_rng([at_least(seed, 0, "seed"), level])
        rows, columns = (generator.integers(0, side - PATCH + 1, [len(real), PATCHES]) for side in (height, width))
        pairs = (_patches(values, level, len(sides), rows, columns) for values in (real, fake))
        values[str(height)] = 1000 * _distance(*(normalized(patches) for patches in pairs), generator)
    return {**values, "average": float(np.mean(list(values.values())))}


def laplacian_pyramid(batch, levels):
    """`levels` float32 arrays of images: each less its blurred half; the last is the smallest itself."""
    pyramid = [np.asarray(batch, np.float32)]
    for _ in range(levels - 1):
        smaller = _blurred(pyramid[-1])[:, ::2, ::2]
        between = np.zeros_like(pyramid[-1])
        between[:, ::2, ::2] = 4 * smaller
        pyramid[-1] = pyramid[-1] - _blurred(between)
        pyramid.append(smaller)
    return pyramid


def normalized(patches):
    """Patches [n, 7, 7, C] as rows with mean 0 and deviation 1 in each channel; a constant channel becomes 0."""
    pixels = patches.reshape(-1, patches.shape[-1])
    pixels -= pixels.mean(axis=0, dtype=np.float64).astype(np.float32)
    deviations = np.sqrt(np.einsum("nc,nc->c", pixels, pixels, dtype=np.float64) / len(pixels))
    pixels /= np.where(deviations > 0, deviations, 1).astype(np.float32)
    return pixels.reshape(len(patches), -1)


def halved(sides):
    return tuple(-(-side // 2) for side in sides)


def _pixels(values, name):
    values = images(values, name)
    size = max(abs(float(values.min())), abs(float(values.max())))
    if not (size == 0 or SMALLEST_PIXEL <= size <= LARGEST_PIXEL):
        raise ValueError(
            f"{name} must have pixels from {SMALLEST_PIXEL:g} to {LARGEST_PIXEL:g} in size, or 0, for float32; "
            f"the largest is {size:g}."
        )
    return values


def _patches(values, level, levels, rows, columns):
    """float32 [N * 128, 7, 7, C] of one level of the pyramids, cut with the upper left corners given."""
    count, _, _, channels = values.shape
    patches = np.empty([count, PATCHES, PATCH, PATCH, channels], np.float32)
    step = max(1, NUMBERS // values[0].size)
    for start in range(0, count, step):
        some = slice(start, min(start + step, count))
        layer = laplacian_pyramid(values[some], levels)[level]
        windows = np.lib.stride_tricks.sliding_window_view(layer, (PATCH, PATCH), axis=(1, 2))
        cut = windows[np.arange(len(layer))[:, None], rows[some], columns[some]]
        patches[some] = np.moveaxis(cut, 2, -1)
    return patches.reshape(-1, PATCH, PATCH, channels)


def _distance(real, fake, generator):
    directions = generator.standard_normal([real.shape[1], DIRECTIONS])
    directions = (directions / np.linalg.norm(directions, axis=0)).astype(np.float32)
    total = 0.0
    for start in range(0, DIRECTIONS, DIRECTIONS_AT_A_TIME):
        some = directions[:, start : start + DIRECTIONS_AT_A_TIME]
        real_lines, fake_lines = some.T @ real.T, some.T @ fake.T
        real_lines.sort(axis=1)
        fake_lines.sort(axis=1)
        real_lines -= fake_lines
        total += np.abs(real_lines, out=real_lines).sum(dtype=np.float64)
    return float(total / (len(real) * DIRECTIONS))


def _blurred(values):
    for axis in (1, 2):
        values = correlate1d(values, BINOMIAL, axis=axis, mode="mirror")
    return values
