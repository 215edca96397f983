"""Leaves when a signal asks for it, with everything saved."""

import signal
from typing import Any

from kgan.callbacks.callback import Callback
from kgan.callbacks.checkpoint import Checkpoint


class Interrupted(Exception):
    """A signal asked the training to stop; `number` says which."""

    def __init__(self, number, step):
        super().__init__(f"{signal.Signals(number).name} at step {step}: saved; the same command goes on from here.")
        self.number = number


class StopOnSignal(Callback):
    """Finishes the step, saves with the given `Checkpoint` and raises `Interrupted`, when a signal comes.

    The signals are SIGINT, SIGTERM, SIGHUP (the terminal has gone; it stays ignored where it is, as under nohup) and
    SIGPIPE (nobody reads standard output any more). A second one does what it does without this callback. Needs
    Python's main thread.

    Args:
        checkpoint: the callback that saves.
        place: the `kgan.workers.Place` of this process among several; None for one process alone.

    Example:
        >>> checkpoint = Checkpoint()
        >>> with StopOnSignal(checkpoint) as signals:
        ...     callbacks = [checkpoint, signals]  # gan.fit(data, callbacks=callbacks)
    """

    SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGPIPE)

    def __init__(self, checkpoint: Checkpoint, place: Any = None):
        super().__init__()
        self.checkpoint, self.place = checkpoint, place
        self._received = None
        self._told = False
        self._before: dict = {}

    def __enter__(self):
        for number in self.SIGNALS:
            if number == signal.SIGHUP and signal.getsignal(number) is signal.SIG_IGN:
                continue
            self._before[number] = signal.signal(number, self._receive)
        return self

    def __exit__(self, *exception):
        self._reset()

    def _receive(self, number, frame):
        self._received = number
        self._reset()

    def _reset(self):
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def on_train_batch_begin(self, batch, logs=None):
        self.stop_if_asked()

    def stop_if_asked(self):
        """Saves and raises `Interrupted` if a signal has come, here or at another worker."""
        if self.chief or self.place is None:
            number = self._received or (self.place.asked if self.place else None)
            if number is not None:
                self.checkpoint.save()
                if self.place:
                    self.place.tell(number)
                raise Interrupted(number, self.step)
        elif self._received is not None and not self._told:
            self._told = True
            self.place.tell(self._received)  # and goes on: the chief needs all workers until it has saved
