"""Images mapped to another domain, from a run or an export that maps."""

from pathlib import Path

import numpy as np

from kgan import recipe
from kgan.datasets import picture
from kgan.files import replacing
from kgan.products.mapped import above
from kgan.using.loading import Served, good_for
from kgan.using.scoring import reference

BLOCK = 256


def map_images(model, inputs=(), to=None, count=None, out=None, out_dir=None, npz=None):
    """Maps images to another domain, and writes them.

    Args:
        model: path of a run folder, a `.keras` file or an export.
        inputs: paths of image files; or one folder or `.npz` of images, or a data set as a recipe names it. None for
            the data set that a run was trained on.
        to: the domain to map to, "a" or "b"; the model's first product by default, b of two domains.
        count: how many of a data set; None for all.
        out: PNG of rows of inputs, and below each row what they are mapped to.
        out_dir: folder for a PNG each, under the names of the files, or numbered.
        npz: file with `images` uint8 [N, height, width, channels], and the `labels` of the inputs where there are any.

    Returns:
        Paths of what was written.

    Raises:
        ValueError: the model maps nothing, or not there; the images have another shape. One line.
        FileNotFoundError, RecipeError: there is no such model or data set.
    """
    path, game = Path(model), good_for(model, "map")
    product = _product(path, game, to)
    if isinstance(game, Served):
        shape = game.takes(product.target)
    else:
        shape = tuple(game.inputs_of[product.network].tensor("images").shape[1:])
    names, examples, labels = _examples(path, product, list(inputs), shape, count)
    mapped = np.concatenate(
        [game.map(examples[at : at + BLOCK], to=product.target) for at in range(0, len(examples), BLOCK)]
    )
    written = []
    if out:
        seen = examples if examples.dtype == np.uint8 else game.kind.stored(examples)
        game.kind.draw(out, *above(seen, mapped))
        written.append(out)
    if out_dir:
        Path(out_dir).mkdir(parents=True, exist_ok=True)
        game.kind.write_each(out_dir, names, mapped)
        written.append(out_dir)
    if npz:
        arrays = {game.kind.array: mapped} | ({} if labels is None else {"labels": labels})
        with replacing(npz) as temporary, open(temporary, "wb") as file:
            np.savez_compressed(file, **arrays)
        written.append(npz)
    return written


def _product(path, game, to):
    directions = [product for product in game.products if product.verb == "map"]
    found = next((product for product in directions if to in (None, product.target)), None)
    if found is None:
        targets = " or ".join(product.target for product in directions)
        raise ValueError(f"--to {to}: {path} maps to {targets}.")
    return found


def _examples(path, product, inputs, shape, count):
    """(names of the files to write, examples as they are stored, labels or None)."""
    files = [Path(text) for text in inputs if Path(text).is_file() and Path(text).suffix.lower() in picture.FORMATS]
    if files and len(files) == len(inputs):
        if len({file.stem for file in files}) < len(files):
            raise ValueError("Two of the images have one name; map them one after the other.")
        return [f"{file.stem}.png" for file in files], np.stack([_opened(file, shape) for file in files]), None
    if len(inputs) > 1:
        wrong = next(text for text in inputs if Path(text) not in files)
        raise ValueError(f"{wrong} is no image file; name image files, or one folder, npz or data set.")
    if inputs:
        dataset = reference(inputs[0])
    elif (path / "recipe.yaml").is_file():
        plan = recipe.load(path / "recipe.yaml")
        dataset = plan.build("dataset", plan.dataset).parts[product.source]
    else:
        raise ValueError(f"{path} is no run folder, and does not say which images to map; name them.")
    if tuple(dataset.data_shape) != shape:
        raise ValueError(f"The model maps images of {shape}, and these are {tuple(dataset.data_shape)}; name others.")
    count = min(count or len(dataset), len(dataset))
    batch = dataset.batch(np.arange(count))
    examples = batch.images if batch.images.dtype == np.uint8 else np.asarray(dataset.encode(batch.images), np.float32)
    digits = len(str(count - 1))
    return [f"{index:0{digits}d}.png" for index in range(count)], examples, batch.labels


def _opened(file, shape):
    try:
        return picture.open_picture(file, shape)
    except Exception as error:  # Pillow raises errors of many classes
        raise ValueError(f"{file} cannot be read as an image: {' '.join(str(error).split())}.") from error
