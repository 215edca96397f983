"""The averaged generator as a SavedModel that serves without kgan or Keras."""

import errno
import json
import os
from pathlib import Path

import keras
import numpy as np
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
    Conditional generators also take `labels` for samples. The first two return {"images": uint8 [N, H, W, C]}, or
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
    def output(latents, labels):
        labels = gan.label_rules.admitted(labels)
        values = gan.ema_generator(latents if labels is None else [latents, labels], training=False)
        return {gan.kind.array: gan.kind.stored_in_graph(tf.cast(values, tf.float32))}

    def serve(num_samples, seed, labels=None):
        return output(gan.latents(num_samples, seed), labels)

    def from_latents(latents, labels=None):
        return output(latents, labels)

    def latents(num_samples, seed):
        return {"latents": gan.latents(num_samples, seed)}

    labels = []
    if gan.conditional:
        spec = gan.generator.inputs[1]
        labels = [tf.TensorSpec(spec.shape, spec.dtype, "labels")]
    drawn = [tf.TensorSpec((), tf.int32, "num_samples"), tf.TensorSpec((), tf.int64, "seed")]
    given = [tf.TensorSpec((None, gan.latent_dim), tf.float32, "latents")]
    module = tf.Module()
    # Keras' ExportArchive tracks its own variables as well as TensorFlow's, and so writes each weight twice.
    module.weights = [variable.value for variable in gan.ema_generator.variables]
    module.tables = _tables(gan.ema_generator)
    module.one_hot = tf.Variable(gan.label_rules.one_hot, trainable=False)
    module.kind = tf.Variable(json.dumps(keras.saving.serialize_keras_object(gan.kind)), trainable=False)
    module.num_classes = tf.Variable(gan.label_rules.num_classes or 0, trainable=False)
    module.serve = tf.function(serve, [*drawn, *labels], autograph=False)
    module.from_latents = tf.function(from_latents, [*given, *labels], autograph=False)
    module.latents = tf.function(latents, drawn, autograph=False)
    signatures = {"serve": module.serve, "from_latents": module.from_latents, "latents": module.latents}
    tf.saved_model.save(module, str(folder), signatures | {"serving_default": module.serve})


def _tables(network):
    """The lookup tables of layers such as IntegerLookup, which are no variables."""
    resource = tf.saved_model.experimental.TrackableResource
    return [
        value for layer in network._flatten_layers() for value in vars(layer).values() if isinstance(value, resource)
    ]


def _compare(gan, folder):
    served = outside_scopes(tf.saved_model.load, str(folder))
    n = 4
    labels = []
    if gan.conditional:
        labels = [tf.constant(gan.label_rules.example(n))]
    live = gan.sample_values(n, seed=1, labels=labels[0].numpy() if labels else None)
    live = gan.kind.stored(live)
    for endpoint, arguments in (
        (served.serve, [tf.constant(n), tf.constant(1, tf.int64)]),
        (served.from_latents, [gan.latents(n, seed=1)]),
    ):
        (made,) = (value.numpy() for value in endpoint(*arguments, *labels).values())
        # Another graph may order its sums differently.
        difference = np.abs(made.astype(np.float64) - live.astype(np.float64)).max()
        if not difference <= gan.kind.tolerance(live):
            raise RuntimeError(f"The exported generator differs from the live one by {difference:g}; nothing was kept.")
