"""One picture, from a file or an array, as 8-bit pixels of a given shape."""

import numpy as np

FORMATS = {
    ".png": "PNG",
    ".jpg": "JPEG",
    ".jpeg": "JPEG",
    ".gif": "GIF",
    ".bmp": "BMP",
    ".webp": "WEBP",
}
OWN_CHANNELS = {"1": 1, "L": 1, "LA": 4, "PA": 4, "RGBA": 4}  # by Pillow's mode; the others are colours: 3


def open_picture(path, image_shape=None):
    """Decodes an image file, upright as its EXIF orientation says.

    Args:
        path: a PNG, JPEG, GIF (its first frame), BMP or WebP file.
        image_shape: (height, width, channels), to which the picture is fitted; None keeps its own, where
            grey has 1 channel, grey or RGB with alpha 4, all else (also palettes) 3.

    Returns:
        uint8 [height, width, channels].
    """
    from PIL import Image, ImageOps

    with Image.open(path, formats=sorted(set(FORMATS.values()))) as image:
        image.load()
        upright = ImageOps.exif_transpose(image)
    return fit(upright, image_shape)


def fit_array(pixels, image_shape):
    """uint8 [H, W, C] fitted to `image_shape`.

    Example:
        >>> fit_array(np.zeros([8, 12, 3], np.uint8), (4, 4, 1)).shape
        (4, 4, 1)
    """
    from PIL import Image

    if pixels.shape == tuple(image_shape):
        return pixels
    return fit(Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels), image_shape)


def fit(image, image_shape=None):
    """A Pillow image in the channels of `image_shape`, scaled to cover its rectangle, and cropped around the centre."""
    from PIL import Image, ImageOps

    height, width, channels = image_shape or (image.height, image.width, OWN_CHANNELS.get(image.mode))
    if image.mode.startswith("I"):
        image, channels = _eight_bits(image), channels or 1
    image = _convert(image, channels or 3)
    if image.size != (width, height):
        image = ImageOps.fit(image, (width, height), Image.Resampling.LANCZOS)
    return np.array(image, np.uint8).reshape([height, width, channels or 3])


def _eight_bits(image):
    """16-bit grey scaled to 8: 257 v becomes v. A grey that the file declares transparent stays so."""
    from PIL import Image

    values = np.clip(np.asarray(image).astype(np.int64), 0, 65535)
    grey = Image.fromarray(((values + 128) // 257).astype(np.uint8))
    transparent = image.info.get("transparency")
    if transparent is None:
        return grey
    opaque = Image.fromarray(np.where(values == transparent, 0, 255).astype(np.uint8))
    return Image.merge("LA", [grey, opaque])


def _convert(image, channels):
    """Grey, RGB or RGBA; what is transparent shows white where there is no channel for it."""
    from PIL import Image

    if image.mode in ("CMYK", "YCbCr"):
        image = image.convert("RGB")
    if channels == 4:
        return image.convert("RGBA")
    if image.has_transparency_data:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return image.convert({1: "L", 3: "RGB"}[channels])
