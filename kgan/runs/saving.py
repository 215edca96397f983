"""Keras' files, written by us: the HDF5 library ends the process where a file system has no room left.

Keras writes into memory here, and the bytes go to the disk with plain writes, whose errors Python reports.
"""

import contextlib
import io
import warnings
from pathlib import Path

from keras.src.saving import saving_lib


def weights(model):
    """What a `.weights.h5` file of a model holds, as a memory view."""
    content = io.BytesIO()
    store = saving_lib.H5IOStore(content, mode="w")
    try:
        saving_lib._save_state(
            model, weights_store=store, assets_store=None, inner_path="", visited_saveables=set()
        )  # fmt: skip
    finally:
        store.close()
    return content.getbuffer()


def whole(model):
    """What a `.keras` file of a model holds, as a memory view."""
    content = io.BytesIO()
    saving_lib.save_model(model, content)
    return content.getbuffer()


def ordinary(path, ending, overwrite):
    """Whether kgan writes the file; Keras writes other kinds and remote paths, and asks before it overwrites."""
    return str(path).endswith(ending) and "://" not in str(path) and (overwrite or not Path(path).exists())


@contextlib.contextmanager
def loading_whole():
    """Turns Keras' warnings about skipped optimizer state and skipped layers into errors while weights are loaded."""
    with warnings.catch_warnings():
        warnings.filterwarnings("error", message="Skipping (variable loading for optimizer|nested container)")
        yield
