"""Multi-scale structural similarity of pairs of images."""

import numpy as np
from scipy.ndimage import correlate1d

from kgan.metrics.arrays import images

WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
WINDOW, SIGMA = 11, 1.5
C1, C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
NUMBERS = 2**22  # of one array that is worked on at a time


def ms_ssim(images_a, images_b):
    """MS-SSIM of each image of one batch with the image at the same place in the other.

    The similarity of Wang, Simoncelli & Bovik 2003 with its five weights; as a measure of a generator's
    diversity, the mean over random pairs of its images (lower is more diverse), Odena et al. 2017, section 4.2
    (https://arxiv.org/abs/1610.09585) and Karras et al. 2018 (https://arxiv.org/abs/1710.10196). At each of five
    scales: an 11 x 11 Gaussian window of sigma 1.5, only where it fits; where an image is smaller, a window of its
    size with sigma in proportion. Contrast and structure are averaged over pixels and channels, negative means
    become 0; between scales each 2 x 2 pixels become their mean. `tf.image.ssim_multiscale` takes the product channel
    by channel and never shrinks the window: other numbers.

    Args:
        images_a: [N, H, W, C], pixels in [0, 255]: uint8, or other integers or floats of that range. H and W are
            multiples of 16.
        images_b: the same shape.

    Returns:
        float64 [N], from 0 to 1; 1 for equal images.

    Raises:
        ValueError: different or wrong shapes, sides that do not halve four times, values outside [0, 255], or floats of
            which none is over 1, which belong to another range (`kgan.images.to_uint8` converts [-1, 1]).

    Example:
        >>> import numpy as np
        >>> image = np.random.default_rng(0).integers(0, 256, [1, 32, 32, 3], np.uint8)
        >>> [round(float(value), 6) for value in np.ravel([ms_ssim(image, image), ms_ssim(image, 255 - image)])]
        [1.0, 0.0]
    """
    a, b = _pixels(images_a, "images_a"), _pixels(images_b, "images_b")
    if a.shape != b.shape:
        raise ValueError(f"pairs need two batches of one shape; got {list(a.shape)} and {list(b.shape)}.")
    halvings = 2 ** (len(WEIGHTS) - 1)
    if a.shape[1] % halvings or a.shape[2] % halvings:
        raise ValueError(f"sides must be multiples of {halvings} for {len(WEIGHTS)} scales; got {list(a.shape[1:3])}.")
    step = max(1, NUMBERS // a[0].size)
    return np.concatenate([_pairs(a[i : i + step], b[i : i + step]) for i in range(0, len(a), step)])


def _pairs(a, b):
    a, b = a.astype(np.float64), b.astype(np.float64)
    product = np.ones(len(a))
    for scale, weight in enumerate(WEIGHTS):
        if scale:
            a, b = _halved(a), _halved(b)
        similarity, contrast_structure = _similarity(a, b)
        mean = similarity if scale == len(WEIGHTS) - 1 else contrast_structure
        product *= np.maximum(mean, 0) ** weight
    return product


def _similarity(a, b):
    """SSIM and its factor without the luminance, each the mean over pixels and channels."""
    window = gaussian_window(min(WINDOW, *a.shape[1:3]))
    mean_a, mean_b = _filtered(a, window), _filtered(b, window)
    variances = _filtered(a * a, window) - mean_a**2 + (_filtered(b * b, window) - mean_b**2)
    covariance = _filtered(a * b, window) - mean_a * mean_b
    contrast_structure = (2 * covariance + C2) / (variances + C2)
    luminance = (2 * mean_a * mean_b + C1) / (mean_a**2 + mean_b**2 + C1)
    return (luminance * contrast_structure).mean(axis=(1, 2, 3)), contrast_structure.mean(axis=(1, 2, 3))


def gaussian_window(size):
    """`size` weights of sum 1 with sigma 1.5 size / 11, symmetric about the middle."""
    offsets = np.arange(size) - (size - 1) / 2
    weights = np.exp(-(offsets**2) / (2 * (SIGMA * size / WINDOW) ** 2))
    return weights / weights.sum()


def _filtered(values, window):
    """Weighted means under the window wherever it fits."""
    size = len(window)
    for axis in (1, 2):
        fits = np.arange(size // 2, size // 2 + values.shape[axis] - size + 1)
        values = correlate1d(values, window, axis=axis).take(fits, axis=axis)
    return values


def _halved(values):
    count, height, width, channels = values.shape
    return values.reshape(count, height // 2, 2, width // 2, 2, channels).mean(axis=(2, 4))


def _pixels(values, name):
    values = images(values, name)
    if values.dtype == np.uint8:
        return values
    low, high = values.min(), values.max()
    if low < 0 or high > 255:
        raise ValueError(f"{name} must be pixels in [0, 255]; got values from {low:g} to {high:g}.")
    if values.dtype.kind == "f" and high <= 1:
        raise ValueError(f"{name} must be pixels in [0, 255]; got floats of which none is over 1: another range?")
    return values
