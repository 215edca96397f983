"""The contract of kgan's callbacks."""

import json

import keras
import tensorflow as tf

from kgan.configurable import Configurable

LETTER = 4096  # bytes of what the chief says


class Callback(Configurable, keras.callbacks.Callback):
    """A Keras callback whose period counts steps and whose state survives a resume.

    Paths are relative to the model's `run_dir`. What a callback must remember across a resume, it gives in
    `state` as a JSON-serialisable dictionary, and takes back in `restore`, after `on_train_begin`.
    """

    _spread = None

    def state(self):
        return {}

    def migrated_state(self, state):
        """What `state` gave in an earlier kgan, as it would give it now."""
        return state

    def restore(self, state):
        """Takes back what `state` gave."""

    @property
    def chief(self):
        """Whether this process is the one of several workers that writes and speaks."""
        resolver = getattr(self.model.distribute_strategy, "cluster_resolver", None)
        return resolver is None or not resolver.task_id

    def from_chief(self, said):
        """What the chief says, a JSON-serialisable value, on all workers; all of them call this at the same time."""
        strategy = self.model.distribute_strategy
        if getattr(strategy, "cluster_resolver", None) is None:
            return said
        letters = json.dumps(said).encode() if self.chief else b""
        if self._spread is None:  # traced once

            def mine(written):
                first = tf.distribute.get_replica_context().replica_id_in_sync_group == 0
                return tf.where(first, written, tf.zeros_like(written))

            self._spread = tf.function(lambda written: strategy.reduce("SUM", strategy.run(mine, [written]), axis=None))
        total = self._spread(tf.constant(list(letters.ljust(LETTER)), tf.int32))
        return json.loads(bytes(total.numpy().tolist()))

    @property
    def step(self):
        """The steps done."""
        return int(self.model.step.numpy())
