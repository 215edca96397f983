"""A training that can begin at any step, as a sequence of Keras' `fit` calls."""

import types
import warnings

import keras
import tensorflow as tf

from kgan.guards.derived import Pauses
from kgan.guards.refusals import Refused, sentence


class DataLost(RuntimeError):
    """A batch could not be read; what had been trained until then is whole."""


def go_on(gan, keras_fit, x, checkpoint, epochs, verbose, callbacks, asked, steps_per_epoch=None, **options):
    """`gan.fit` with a `kgan.callbacks.Checkpoint`: `epochs` counts from the first step of the training.

    A stream of kgan is entered at the very batch that would have come next. Other data begin again with the
    first epoch that was not finished. `asked` is what `kgan.settings` says of this call.
    """
    exact = checkpoint.enters = hasattr(x, "from_step")
    if exact:
        _check_alone(options.pop("y", None), options.pop("batch_size", None))
        options.pop("shuffle", None)  # the stream has its order
    every = steps_per_epoch or (_length(x) if exact else 1)
    checkpoint.resume(gan, callbacks, asked=asked)
    done = int(gan.step.numpy()) // every if exact else checkpoint.epochs
    if checkpoint.stopped or done >= epochs:
        why = "EarlyStopping has ended this training" if checkpoint.stopped else f"all {epochs} epochs are done"
        print(f"{checkpoint.path}: {why}, at step {int(gan.step.numpy())}.")
        gan.history = keras.callbacks.History()
        return gan.history
    if exact and (first := options.pop("initial_epoch", 0)) > done:
        raise ValueError(
            f"initial_epoch={first}, but this training has come to epoch {done}; leave it out, since a Checkpoint "
            f"knows where to go on."
        )
    checkpoint.say_resumed(exact)
    if not exact:
        options["initial_epoch"] = max(done, options.get("initial_epoch", 0))
        members = [Pauses(), *callbacks, Pauses(last=True)]
        return keras_fit(
            x, epochs=epochs, verbose=verbose, callbacks=members, steps_per_epoch=steps_per_epoch, **options
        )
    if every % gan.steps_per_execution:
        raise ValueError(
            f"With a Checkpoint an epoch must be a multiple of steps_per_execution={gan.steps_per_execution}; "
            f"got {every} steps."
        )
    together = OneTraining(
        callbacks, add_history=True, add_progbar=verbose != 0, verbose=1 if verbose == "auto" else verbose,
        epochs=epochs, steps=every, model=gan,
    )  # fmt: skip
    together.begin()
    run(gan, x, epochs * every, every, together, checkpoint, **options)
    return gan.history


def shared(x, y=None, batch_size=None, divisor=1, shuffle=False):
    """The data as a `tf.data.Dataset` whose batches `divisor` divides.

    What cannot be shared equally is left out, and that is said once.

    Args:
        x, y: a data set of batches, or arrays, which are batched by `batch_size` (32 by default).
        divisor: what must divide a batch: the steps of the discriminator times the replicas.
        shuffle: whether arrays are shuffled in each epoch.
    """
    if isinstance(x, tf.distribute.DistributedDataset):
        return x
    if isinstance(x, tf.data.Dataset):
        _check_alone(y, batch_size if hasattr(x, "from_step") else None)
    elif isinstance(x, keras.utils.PyDataset | types.GeneratorType):
        raise ValueError(
            f"Several replicas share arrays or a tf.data.Dataset; a {type(x).__name__} cannot be divided among them: "
            f"make a tf.data.Dataset of it, as with tf.data.Dataset.from_generator."
        )
    else:
        return _batched(x if y is None else (x, y), batch_size or 32, divisor, shuffle)
    sizes = {spec.shape[0] for spec in tf.nest.flatten(x.element_spec)}
    if None not in sizes and not any(size % divisor for size in sizes):
        return x
    said = []

    def check(size):
        _check_share(int(size), divisor)
        if not said:
            said.append(True)
            _say(f"A batch of {int(size)} cannot be shared equally; it is cut to a multiple of {divisor}")

    def cut(*batch):
        size = tf.shape(tf.nest.flatten(batch)[0])[0]
        whole = size // divisor * divisor
        with tf.control_dependencies([tf.cond(size > whole, lambda: _called(check, size), lambda: size)]):
            parts = tf.nest.map_structure(lambda tensor: tensor[:whole], batch)
        return parts if len(parts) > 1 else parts[0]

    equal = x.map(cut)
    if hasattr(x, "from_step"):
        equal.from_step = lambda step: shared(x.from_step(step), divisor=divisor)
        equal.failure, equal.settings = x.failure, x.settings
    return equal


def _check_alone(y, batch_size=None):
    """Refuses what a data set of batches already has."""
    if y is not None:
        raise ValueError("y= goes with arrays; a data set gives the labels itself, as batches of (images, labels).")
    if batch_size is not None:
        raise ValueError("batch_size= goes with arrays; a data set is batched already, as by dataset.batches(64).")


def _called(function, size):
    """`size`, after `function` was called with it."""
    with tf.control_dependencies([tf.py_function(function, [size], [])]):
        return tf.identity(size)


def _batched(arrays, batch_size, divisor, shuffle):
    _check_share(batch_size, divisor)
    count, size = len(tf.nest.flatten(arrays)[0]), batch_size // divisor * divisor
    if count % size:
        _say(f"{count} examples make {count // size} batches of {size}; in each epoch {count % size} are left out")
    x = tf.data.Dataset.from_tensor_slices(arrays)
    return (x.shuffle(count) if shuffle else x).batch(size, drop_remainder=True)


def _check_share(size, divisor):
    if size < divisor:
        raise ValueError(
            f"A batch of {size} is too small to be shared by {divisor} (the steps of the discriminator times the "
            f"replicas); make batches of a multiple of that, with drop_remainder=True."
        )


def _say(sentence):
    warnings.warn(f"{sentence} (the steps of the discriminator times the replicas share it).", stacklevel=4)


def run(gan, stream, total, every, training, checkpoint, **options):
    """Trains from the game's present step to step `total`; an epoch is `every` steps. `training` has begun.

    Args:
        gan: compiled game.
        stream: what `Dataset.batches` gives.
        training: `OneTraining`, the callbacks.
        checkpoint: the callback among them that saves.
        **options: for each `fit` of Keras.
    """
    for first, steps, epochs in intervals(int(gan.step.numpy()), total, every):
        epoch = first // every
        try:
            with gan.derived.training(training.callbacks):
                keras.Model.fit(
                    gan, stream.from_step(first), steps_per_epoch=steps, initial_epoch=epoch, epochs=epoch + epochs,
                    callbacks=training, shuffle=False, verbose=0, **options,
                )  # fmt: skip
        except tf.errors.OpError as error:
            cause = stream.failure()
            if cause is None:
                said = sentence(error)
                raise (Refused(said) if said else error) from None
            checkpoint.save()
            raise DataLost(
                f"The data could not be read at step {int(gan.step.numpy())}: {type(cause).__name__}: {cause}. "
                f"Saved; mend the data, and the same command goes on from here."
            ) from error
        if gan.stop_training:
            break
    gan.reset_metrics()  # their line is written: a training that is extended begins another one
    training.end()


def _length(stream):
    """How many batches a stream has before it begins anew."""
    count = int(stream.cardinality())
    if count < 0:
        raise ValueError("The data have no end: say how long an epoch is with steps_per_epoch=.")
    return count


def intervals(begun, total, every):
    """Cuts [begun, total) at the multiples of `every`: (first step, steps per epoch, epochs) for each `fit`.

    Example:
        >>> list(intervals(30, 250, 100))
        [(30, 70, 1), (100, 100, 1), (200, 50, 1)]
    """
    if begun % every and begun < total:
        end = min(total, (begun // every + 1) * every)
        yield begun, end - begun, 1
        begun = end
    if total // every > begun // every:
        yield begun, every, total // every - begun // every
        begun = total // every * every
    if begun < total:
        yield begun, total - begun, 1


class OneTraining(keras.callbacks.CallbackList):
    """A Keras callback list for which several calls of `fit` are one training."""

    def __init__(self, callbacks, **options):
        super().__init__([Pauses(), *callbacks, Pauses(last=True)], **options)

    def begin(self):
        super().on_train_begin()

    def end(self):
        super().on_train_end()

    def on_train_begin(self, logs=None):
        """Called by each `fit`; `begin` is the one that counts."""

    def on_train_end(self, logs=None):
        """Called by each `fit`; `end` is the one that counts."""
