"""Saves the training now and then."""

import time

import keras

from kgan import checkpoint
from kgan.callbacks.callback import Callback, check_every
from kgan.callbacks.finite import check_weights


class Checkpoint(Callback):
    """Saves weights, averages, optimizer slots and the state of the other callbacks.

    Nothing is saved that is not finite: then `Diverged` is raised and the last checkpoint stays.

    Args:
        folder: of the checkpoints, relative to the run folder.
        every: generator steps between checkpoints.
        seconds: a checkpoint is also made when the last one is this old.
        keep: how many of the newest are kept.

    Example:
        >>> Checkpoint(every=500).get_config()
        {'folder': 'checkpoints', 'every': 500, 'seconds': 300, 'keep': 3}
    """

    def __init__(self, folder: str = "checkpoints", every: int = 1000, seconds: float = 300, keep: int = 3):
        super().__init__()
        if keep < 1 or not seconds > 0:
            raise ValueError(f"keep must be at least 1 and seconds above 0; got {keep} and {seconds}.")
        self.folder, self.every, self.seconds, self.keep = folder, check_every(every), seconds, keep
        self.peers: list[keras.callbacks.Callback] = []
        self._resumed = None
        self._saved_step = self._saved_time = None

    @property
    def path(self):
        return self.model.run_dir / self.folder

    def resume(self, model, peers):
        """Goes back to the newest checkpoint, if there is one; `peers` are the callbacks with state."""
        self.set_model(model)
        self.peers = peers
        found = checkpoint.latest(self.path)
        if found is None:
            return
        states = checkpoint.restore(model, *found)
        for peer in peers:
            peer.restore(states.get(type(peer).__name__, {}))
        self._resumed = found[1]

    def on_train_begin(self, logs=None):
        self._saved_step, self._saved_time = self.step, time.monotonic()

    def on_epoch_begin(self, epoch, logs=None):
        if self._resumed is not None:  # Keras has just reset the means of the interval that goes on
            checkpoint.restore_metrics(self.model, self._resumed)
            self._resumed = None

    def on_train_batch_begin(self, batch, logs=None):
        # Here, and not at the end of a step, all that belongs to the step before has been done and logged.
        step = self.step
        if step // self.every > self._saved_step // self.every or (
            step > self._saved_step and time.monotonic() - self._saved_time >= self.seconds
        ):
            self.save()

    def on_train_end(self, logs=None):
        if self.step > self._saved_step:
            self.save()

    def save(self):
        """Saves now."""
        check_weights(self.model)
        states = {type(peer).__name__: peer.state() for peer in self.peers if isinstance(peer, Callback)}
        checkpoint.save(self.model, self.path, states)
        checkpoint.prune(self.path, self.keep)
        self._saved_step, self._saved_time = self.step, time.monotonic()
