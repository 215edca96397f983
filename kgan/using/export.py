"""The averaged generator as a SavedModel that serves without kgan or Keras."""

import errno
import json
import os
from pathlib import Path

import keras
import tensorflow as tf

from kgan.files import making, no_room
from kgan.runs.devices import outside_scopes

FORMATS = ("tf_saved_model", "saved_model")


def export(gan, folder, format="tf_saved_model", verbose=None):
    """Writes a SavedModel of the averaged generator, and compares it with the live one. `gan.export` is the same.

    Signatures (the first is the serving default):
        serve(num_samples int32 [], seed int64 []): samples, those of `gan.sample(num_samples, seed)`.
        from_latents(latents float32 [N, latent_dim]): samples of given latents.
        latents(num_samples, seed): those that `serve` draws, {"latents": float32 [N, latent_dim]}.
        encode(images or samples): latents of examples, {"latents": float32 [N, latent_dim]}, of games with an encoder.
    Conditional generators also take `labels` for samples. Where noise layers work at inference, from_latents also takes
    `seed` (int64, before the labels) of the noise, and `first` (int64), the number of the first sample, so that samples
    made in parts are those of `serve`. The first two return {"images": uint8 [N, H, W, C]}, or
    {"samples": float32 [N, d]} for vectors. A class that the generator does not have is an error. Each weight stands
    in the file once, and all of them, like the arithmetic, are float32, whatever the policy of the training.

    Args:
        gan: a game with a generator: a `kgan.objectives.GAN` or another `LatentVariableModel`.
        folder: where to write; it must not be there yet.
        format: "tf_saved_model", or "saved_model" as the command calls it: there is no other.
        verbose: nothing is printed; the argument is there because Keras' `Model.export` has it.

    Returns:
        The path of the folder, a string.

    Raises:
        ValueError: another format.
        FileExistsError: there is something at `folder`.
        RuntimeError: the exported generator differs from the live one; then nothing is left behind.

    Example:
        >>> import tempfile
        >>> import kgan
        >>> gan = kgan.StandardGAN(
        ...     kgan.architectures.MLPGenerator(data_shape=(2,), latent_dim=2),
        ...     kgan.architectures.MLPDiscriminator(data_shape=(2,)),
        ... )
        >>> folder = export(gan, Path(tempfile.mkdtemp()) / "served")
        >>> served = tf.saved_model.load(folder)
        >>> served.serve(num_samples=3, seed=0)["samples"].shape
        TensorShape([3, 2])
    """
    if format not in FORMATS:
        raise ValueError(
            f'export writes a TensorFlow SavedModel, format="tf_saved_model", and nothing else; got {format!r}.'
        )
    folder = Path(folder)
    if folder.exists():
        raise FileExistsError(f"{folder} exists already; choose another place or remove it.")
    gan.derived.follow()
    with making(folder) as temporary:
        try:
            _write(gan, temporary)
        except tf.errors.ResourceExhaustedError as error:
            if no_room(error):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(folder)) from error
            raise
        _compare(gan, temporary)
    return str(folder)


def _write(gan, folder):
    networks = [gan.averaged_network(name) for product in gan.products for name in product.networks]
    module = tf.Module()
    # Keras' ExportArchive tracks its own variables as well as TensorFlow's, and so writes each weight twice.
    module.weights = [variable.value for network in networks for variable in network.variables]
    module.tables = [table for network in networks for table in _tables(network)]
    module.kind = tf.Variable(json.dumps(keras.saving.serialize_keras_object(gan.kind)), trainable=False)
    signatures = {}
    for product in gan.products:
        signatures |= product.signatures(gan)
        for name, value in product.noted(gan).items():
            setattr(module, name, tf.Variable(value, trainable=False))
    for name, function in signatures.items():
        setattr(module, name, function)
    tf.saved_model.save(module, str(folder), signatures | {"serving_default": next(iter(signatures.values()))})


def _tables(network):
    """The lookup tables of layers such as IntegerLookup, which are no variables."""
    resource = tf.saved_model.experimental.TrackableResource
    return [
        value for layer in network._flatten_layers() for value in vars(layer).values() if isinstance(value, resource)
    ]


def _compare(gan, folder):
    served = outside_scopes(tf.saved_model.load, str(folder))
    for product in gan.products:
        product.check(gan, served)
