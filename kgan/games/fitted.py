"""Keras' fit, evaluate and save for a game: what they are given is looked at, and what they write is whole."""

import keras
import tensorflow as tf

from kgan import files
from kgan.games.compiled import Compiled
from kgan.guards import batches
from kgan.guards.arguments import check_fit, check_sizes, check_unweighted
from kgan.guards.derived import Pauses
from kgan.guards.first_batch import seen_first
from kgan.guards.refusals import refusals
from kgan.runs import saving, settings, training


class Fitted(Compiled):
    """What trains by Keras' `fit`, on one replica or several, and goes on exactly where it stopped."""

    _looked = False  # whether train_on_batch has looked at its first batch
    _first_size = None  # of the first batch of `fit`

    def fit(self, x=None, y=None, batch_size=None, epochs=1, verbose="auto", callbacks=None, **options):
        """Keras' `fit`, and more in two cases.

        * With a `kgan.callbacks.Checkpoint` among the callbacks it goes on from its newest checkpoint, and
          `epochs` counts from the first step of the training, whichever process did it.
        * With several replicas, batches that cannot be shared equally are cut to what can, which is said once.

        Args:
            x, y: a `tf.data.Dataset` of batches, or arrays: images, or images and labels.
            batch_size, epochs, verbose, callbacks, **options: as in Keras.

        Returns:
            Keras' History; of a training that goes on, the epochs that this process finished.
        """
        if isinstance(callbacks, keras.callbacks.CallbackList):
            callbacks = callbacks.callbacks
        everyone = list(callbacks) if isinstance(callbacks, list | tuple) else [callbacks] if callbacks else []
        checkpoint = next((one for one in everyone if hasattr(one, "resume")), None)
        check_fit(x, batch_size, epochs, options)
        self._check_batches(x, batch_size, options)
        if checkpoint is not None:
            options["asked"] = settings.of_training(self, x, y, batch_size, options.get("shuffle", True))
        self.check_averages(everyone)
        x, y, failed = seen_first(x, y, self._look_at_first)
        if isinstance(x, batches.ARRAYS):
            self._first_size = min(batch_size or 32, x.shape[0])
        held_out, more = options.get("validation_data"), []
        if isinstance(held_out, tuple | list):
            check_unweighted({"sample_weight": held_out[2] if len(held_out) > 2 else None})
            seen_first(*held_out[:2], *[None] * (2 - len(held_out)), self.look_at)
        elif held_out is not None:
            batches.check_some(held_out)
            held_out, _, more = seen_first(held_out, None, self.look_at)
            options["validation_data"] = held_out
        if self.distribute_strategy.num_replicas_in_sync > 1:
            if options.get("validation_split"):
                raise ValueError("validation_split works on one device only; give several replicas validation_data=.")
            x, y = training.shared(x, y, batch_size, self._shares(), options.get("shuffle", True)), None
            options["shuffle"] = False  # it is done
            if held_out is not None:
                size = options.pop("validation_batch_size", None) or batch_size
                images, labels, _ = keras.utils.unpack_x_y_sample_weight(held_out)
                options["validation_data"] = training.shared(images, labels, size, self._shares())
            batch_size = None
            batches.check_some(x)
        self.derived.follow()
        with self.derived.training(everyone), refusals(failed, more):
            if checkpoint is None:
                members = [Pauses(), *everyone, Pauses(last=True)]
                return super().fit(x, y, batch_size, epochs, verbose, members, **options)
            options |= {"y": y, "batch_size": batch_size}
            return training.go_on(self, super().fit, x, checkpoint, epochs, verbose, everyone, **options)

    def evaluate(self, x=None, y=None, batch_size=None, verbose="auto", **options):
        """Keras' `evaluate`; several replicas get equal shares, as in `fit`."""
        check_unweighted(options)
        failed = []
        if "_use_cached_eval_dataset" not in options:
            check_sizes(x, batch_size, options)
            batches.check_some(x)
            x, y, failed = seen_first(x, y, self.look_at)
            if self.distribute_strategy.num_replicas_in_sync > 1:
                x, y, batch_size = training.shared(x, y, batch_size, self._shares()), None, None
        with refusals(failed):
            found = super().evaluate(x, y, batch_size, verbose, **options)
        if isinstance(found, list | dict) and not found:
            raise ValueError(batches.EMPTY)
        return found

    def train_on_batch(self, x, y=None, **options):
        """Keras' `train_on_batch`: one step on one batch, as `fit` takes them."""
        check_unweighted(options)
        if not self._looked:
            seen_first(x, y, self.look_at)
            self._looked = True
        self._first_size = None
        with self.derived.training(), refusals():
            return super().train_on_batch(x, y, **options)

    def test_on_batch(self, x, y=None, **options):
        """Keras' `test_on_batch`: the values that a step on this batch would report; nothing learns."""
        check_unweighted(options)
        with refusals():
            return super().test_on_batch(x, y, **options)

    def _check_batches(self, x, batch_size, options):
        batches.check_some(x)
        alone = self.distribute_strategy.num_replicas_in_sync == 1
        if isinstance(x, batches.ARRAYS) and alone and options.get("steps_per_epoch") is None:
            batches.check_last(x, batch_size or 32, self.num_minibatches, options.get("validation_split"))

    def _look_at_first(self, examples, labels, **options):
        """Looks at the first batch of a training, or at rows of its arrays."""
        self._first_size = None if examples is None else len(examples)
        self.look_at(examples, labels, **options)

    def look_at(self, examples, labels, examined=False):
        """Says what is likely wrong with the first batch of a training, and refuses what is certainly wrong."""

    def _shares(self):
        """What must divide the size of a batch."""
        return self.distribute_strategy.num_replicas_in_sync * self.num_minibatches

    @property
    def num_minibatches(self):
        """How many minibatches a step makes of one batch of `fit`."""
        return 1

    @property
    def random_states(self):
        """The variables from which Keras' random layers, such as Dropout, draw: no file of Keras holds them."""
        return [variable for variable in self.variables if variable.name == "seed_generator_state"]

    # --- saving ---

    def load_weights(self, filepath, *positional, **options):
        """Keras' `load_weights`, of what `save_weights` wrote."""
        super().load_weights(filepath, *positional, **options)
        self.derived.note()

    def save(self, filepath, overwrite=True, zipped=None, **options):
        """Keras' `save`; a `.keras` file is whole or absent.

        Raises:
            ValueError: the name has another ending.
        """
        if zipped is not False and "://" not in str(filepath) and not str(filepath).endswith(".keras"):
            raise ValueError(
                f"kgan saves a game as a .keras file; got {str(filepath)!r}. (export writes a SavedModel, save_weights "
                f"weights alone.)"
            )
        self.derived.follow()
        if zipped is False or options or not saving.ordinary(filepath, ".keras", overwrite):
            return super().save(filepath, overwrite, zipped, **options)
        files.write(filepath, saving.whole(self))

    def save_weights(self, filepath, overwrite=True, max_shard_size=None):
        """Keras' `save_weights`; a `.weights.h5` file is whole or absent."""
        self.derived.follow()
        if max_shard_size is not None or not saving.ordinary(filepath, ".weights.h5", overwrite):
            return super().save_weights(filepath, overwrite, max_shard_size)
        files.write(filepath, saving.weights(self))

    def export(self, filepath, format="tf_saved_model", **options):
        """Writes what the game is good for as a SavedModel that serves without kgan: see `kgan.export.export`."""
        from kgan.using.export import export

        return export(self, filepath, format, **options)

    # --- the step function ---

    def _maybe_symbolic_build(self, iterator=None, data_batch=None):
        """Everything is built in the constructor; Keras would take a batch from the data to build again."""

    def _make_function(self, step_function):
        """Keras' function for one or many replicas, several workers and `steps_per_execution`."""

        def step(data):
            # Without this dependency a step counts itself even when its data have ended or are refused.
            data = self.admitted(data)
            waits = tf.control_dependencies([tensor for tensor in tf.nest.flatten(data) if tf.is_tensor(tensor)])
            with waits, self.noise():
                return step_function(data)

        strategy = self.distribute_strategy
        if strategy.num_replicas_in_sync == 1:
            return self._jitted(step) if self.jit_compile else super()._make_function(step)
        if self.jit_compile:
            raise ValueError("jit_compile=True works on one device only; compile without it for several replicas.")

        def one(iterator):
            logs = strategy.run(step, args=(next(iterator),))
            return {name: strategy.experimental_local_results(value)[0] for name, value in logs.items()}

        def many(iterator, count):
            def body(index):
                strategy.run(step, args=(next(iterator),))
                return (index + 1,)

            tf.while_loop(lambda index: index < count - 1, body, (tf.constant(0),), parallel_iterations=1)
            return one(iterator)

        if not self.run_eagerly:
            # AutoGraph would print a page about its own code before every error message of kgan.
            one = tf.function(one, reduce_retracing=True, autograph=False)
            many = tf.function(many, reduce_retracing=True, autograph=False)

        def function(iterator):
            count = int(self.steps_per_execution)
            try:
                return one(iterator) if count == 1 else many(iterator, tf.constant(count))
            except tf.errors.OutOfRangeError:
                raise StopIteration from None

        return function

    def _jitted(self, step):
        """Keras' function for a step that XLA compiles: the checks of the data stay outside, for XLA drops them."""
        compiled = tf.function(step, jit_compile=True, reduce_retracing=True, autograph=False)
        self.jit_compile = False
        try:
            return super()._make_function(lambda data: compiled(self.admitted(data)))
        finally:
            self.jit_compile = True

    def admitted(self, data):
        """A batch of `fit`, for which whoever uses it waits until it is certain that the game takes it."""
        return data
