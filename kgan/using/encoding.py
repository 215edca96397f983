"""Latents of examples, from a run whose game has an encoder."""

from pathlib import Path

import numpy as np

from kgan import recipe
from kgan.files import replacing
from kgan.using.loading import Served, good_for, load
from kgan.using.scoring import reference

BLOCK = 256


def encode(run, data=None, count=None, npz="codes.npz"):
    """Writes the latents of examples to an `.npz` file: `latents` float32 [N, latent_dim], and their `labels`.

    Args:
        run: a run folder, or a `.keras` file.
        data: the examples: a folder or `.npz` of images, a run folder for its data, or a data set as a recipe names it;
            None for the data set that the run was trained on.
        count: how many, in the data set's own order; None for all.
        npz: the file to write.

    Returns:
        The path.

    Raises:
        ValueError: the game has no encoder, or examples of another shape; one line.
        FileNotFoundError, RecipeError: there is no such run or data set.
    """
    run = Path(run)
    game = load(run)
    if isinstance(game, Served):
        raise ValueError(f"{run} is an export; give the run folder, or call the signature encode of the SavedModel.")
    game = good_for(run, "encode")
    if data is None:
        if not (run / "recipe.yaml").is_file():
            raise ValueError(f"{run} is no run folder, and does not say which data to encode; name them.")
        plan = recipe.load(run / "recipe.yaml")
        dataset = plan.build("dataset", plan.dataset)
    else:
        dataset = reference(str(data))
    roles = next(game.inputs_of[product.networks[0]] for product in game.products if product.verb == "encode")
    shape, wanted = tuple(dataset.data_shape), tuple(roles.tensor("images").shape[1:])
    if shape != wanted:
        raise ValueError(f"The encoder takes examples of {wanted}, and the data have {shape}; name other data.")
    arrays = _encoded(game, roles, dataset, min(count or len(dataset), len(dataset)))
    npz = Path(npz)
    with replacing(npz) as temporary, open(temporary, "wb") as file:
        np.savez_compressed(file, **arrays)
    return npz


def _encoded(game, roles, dataset, count):
    latents, labels = [], []
    for start in range(0, count, BLOCK):
        batch = dataset.batch(np.arange(start, min(start + BLOCK, count)))
        known = batch.labels if roles.has("labels") else None
        latents.append(game.encode(np.asarray(dataset.encode(batch.images), np.float32), known))
        labels.append(batch.labels)
    arrays = {"latents": np.concatenate(latents)}
    return arrays if labels[0] is None else arrays | {"labels": np.concatenate(labels)}
