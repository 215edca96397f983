"""The contract of kgan's callbacks."""

import keras

from kgan.configurable import Configurable


class Callback(Configurable, keras.callbacks.Callback):
    """A Keras callback whose period counts generator steps and whose state survives a resume.

    Paths are relative to the model's `run_dir`. What a callback must remember across a resume, it gives in
    `state` as a JSON-serialisable dictionary, and takes back in `restore`, after `on_train_begin`.
    """

    def state(self):
        return {}

    def restore(self, state):
        """Takes back what `state` gave."""

    @property
    def chief(self):
        """Whether this process is the one of several workers that writes and speaks."""
        resolver = getattr(self.model.distribute_strategy, "cluster_resolver", None)
        return resolver is None or not resolver.task_id

    @property
    def step(self):
        """The generator steps done."""
        return int(self.model.step.numpy())


def check_every(every):
    if every < 1:
        raise ValueError(f"every counts generator steps and must be at least 1; got {every}.")
    return every
