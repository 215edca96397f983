"""Saves the training now and then, and goes back to what was saved."""

import math
import time

import keras

from kgan.callbacks.callback import Callback
from kgan.callbacks.finite import check_weights
from kgan.ranges import Count, Positive
from kgan.runs import checkpoint, environment, settings

# State of Keras' own callbacks from epoch to epoch, which they reset whenever a training begins.
REMEMBERED = {
    keras.callbacks.EarlyStopping: ("wait", "best", "best_epoch", "stopped_epoch"),
    keras.callbacks.ReduceLROnPlateau: ("wait", "best", "cooldown_counter"),
    keras.callbacks.ModelCheckpoint: ("best",),
}


class Inexact(ValueError):
    """A training would not go on bitwise, because it was begun under other versions, threads or devices."""


class Checkpoint(Callback):
    """Saves weights, averages, optimizer slots and the state of the other callbacks, and goes on from there.

    The same script, run again after whatever stopped it, goes on from the newest whole checkpoint:

    * on a stream of kgan (`dataset.batches(...)`) exactly, to the last bit: `epochs` of `fit` counts from the
      first step of the training, whichever process did it, and an epoch that had begun is finished;
    * on other data with the weights, the slots and the step, from the beginning of the epoch that had begun.

    It says which. A script that asks for another training than the one that was saved (another objective, network,
    optimizer, data set or batch size, another argument of one of them) is refused, also when all epochs are done;
    `epochs`, `steps_per_epoch`, callbacks and validation may change. Of a `tf.data.Dataset` it sees the types, the
    shapes, the size and the number of batches, as far as the data set tells them without being read, and of a Python
    generator nothing. Nothing is saved that is not finite: then
    `Diverged` is raised and the last checkpoint stays.

    Args:
        folder: of the checkpoints, relative to the model's run folder.
        every: steps between checkpoints.
        seconds: a checkpoint is also made when the last one is this old.
        keep: how many of the newest are kept.
        monitor: a value in the logs; the checkpoint of its best epoch is kept too. None for no such value: the
            losses of a GAN do not rank its states.
        mode: whether the best is the "min" or the "max".
        allow_inexact: go on although versions, threads, devices, precision or jit setting differ from those
            of the checkpoint.

    Example:
        >>> Checkpoint(every=500).get_config()["keep"]
        3
    """

    def __init__(
        self, folder: str = "checkpoints", every: Count = 1000, seconds: Positive = 300, keep: Count = 3,
        monitor: str | None = None, mode: str = "min", allow_inexact: bool = False,
    ):  # fmt: skip
        super().__init__()
        if mode not in ("min", "max"):
            raise ValueError(f'mode must be "min" or "max"; got {mode!r}.')
        self.folder, self.every, self.seconds, self.keep = folder, every, seconds, keep
        self.monitor, self.mode, self.allow_inexact = monitor, mode, allow_inexact
        self.peers: list[keras.callbacks.Callback] = []
        self.epochs = 0  # finished in all
        self.stopped = False  # whether an EarlyStopping ended the training
        self.enters = True  # an epoch in its middle, so that its means go on too
        self.asked: dict | None = None  # what the training is asked for, where that is compared
        self._best: dict = {}
        self._deviations: list[str] = []
        self._resumed = None
        self._saved_step = self._saved_time = None
        self._due = self._begins = False

    @property
    def path(self):
        return self.model.run_dir / self.folder

    # --- going on ---

    def attach(self, model, peers):
        """Tells this callback its training: the compiled game, and the callbacks of the training."""
        self.set_model(model)
        self.peers = [peer for peer in peers if peer is not self]
        for peer in self.peers:
            if isinstance(peer, Callback):
                peer.set_model(model)  # some keep weights in the model, which has them then when they are loaded

    def find(self):
        """The newest checkpoint with all that this training needs: (path, record), or None."""
        return checkpoint.latest(self.path, self._check)

    def _check(self, commit, record):
        states = record["state"]
        if not states:
            return  # of one that was saved by hand; `_take` says so, if it is of this game
        _check_alike({"epochs": 0, "stopped": False, "best": {}}, states[type(self).__name__])
        for name, peer in _named(self.peers).items():
            if name in states:
                # Keras' own callbacks set these attributes only when a training begins.
                now = peer.state() if hasattr(peer, "state") else dict.fromkeys(_remembered(peer), 0.0)
                _check_alike(now, peer.migrated_state(states[name]) if isinstance(peer, Callback) else states[name])

    def resume(self, model, peers, find=None, asked=None):
        """Goes back to the newest checkpoint, if there is one; `peers` are the callbacks of the training.

        The state of the peers comes back when all of them have begun. `find` takes the place of the method. `asked` is
        what `kgan.settings` says of the training; None where somebody else compares it.

        Raises:
            Inexact: the checkpoint was made under other conditions, and `allow_inexact` is False.
            ValueError: the checkpoint is of a training that was asked for something else.
        """
        self.attach(model, peers)
        self.asked, self._deviations = asked, []
        for peer in self.peers:
            if getattr(peer, "restore_best_weights", False):
                raise ValueError(
                    f"{type(peer).__name__}(restore_best_weights=True) puts weights and optimizers out of step; leave "
                    f"it out, and keep the best with Checkpoint(monitor={peer.monitor!r})."
                )
        found = (find or self.find)()
        if found is None:
            return
        commit, record = found
        if self.step > record["step"]:
            raise ValueError(
                f"The model has done {self.step} steps, and the newest checkpoint in {self.path} {record['step']}: "
                f"going on from there would lose the others. Choose another folder for this training."
            )
        self._compare(record)
        differing = environment.differences(record.get("environment", {}), environment.describe(model))
        if differing and not self.allow_inexact:
            raise Inexact(
                f"{commit}: made under other conditions, so that going on would not be exact: {differing}. Use the "
                f"same, or accept it with --allow-inexact (allow_inexact=True in Python)."
            )
        self._deviations += [differing] if differing else []
        self._take(commit, record)

    def _compare(self, record):
        before = record.get("settings")
        if self.asked is None or before is None:
            return
        compiled = record["model"].get("compile_config") or {}
        self.asked, found, self._deviations = settings.agreed(before, self.asked, compiled)
        if found:
            raise ValueError(
                f"{self.path} holds a training with other settings ({settings.said(found)}); put them back, or choose "
                f'another folder for the new training, as in Checkpoint("other").'
            )

    def go_back(self):
        """Goes back to the newest checkpoint from wherever the training is; returns its step."""
        self._take(*self.find())
        return self.step

    def newest(self):
        """Path of the newest whole checkpoint."""
        return self.find()[0]

    def _take(self, commit, record):
        states = checkpoint.restore(self.model, commit, record)
        if not states:
            raise ValueError(f"{commit} was saved by hand, without the state of the training; choose another folder.")
        mine = states[type(self).__name__]
        self.epochs, self.stopped, self._best = mine["epochs"], mine["stopped"], mine["best"]
        self._resumed = record

    def say_resumed(self, exact):
        """Prints where the training goes on, and whether exactly."""
        if self._resumed is not None:
            how = "with the weights, the slots and the step; the data begin anew"
            if exact:
                how = f"but not bitwise: {', '.join(self._deviations)}" if self._deviations else "exactly"
            print(f"{self.path}: going on from step {self.step}, {how}.")

    def on_train_begin(self, logs=None):
        self._saved_step, self._saved_time, self._begins = self.step, time.monotonic(), True

    def on_epoch_begin(self, epoch, logs=None):
        # Restores here and not earlier: Keras resets the metrics, and callbacks their state, when a training begins.
        if self._resumed is not None:
            if self.enters:
                checkpoint.restore_metrics(self.model, self._resumed)
            for name, peer in _named(self.peers).items():
                if name in self._resumed["state"]:
                    _restore(peer, self._resumed["state"][name])
        elif self._begins:
            self.save()  # a training can always go back to its beginning, and a full disk is found at once
        self._resumed, self._begins = None, False

    # --- saving ---

    def on_train_batch_begin(self, batch, logs=None):
        # Saves at the beginning of a step, when every callback has finished and logged the step before.
        step = self.step
        if step > self._saved_step and (
            self._due
            or step // self.every > self._saved_step // self.every
            or time.monotonic() - self._saved_time >= self.seconds
        ):
            self.save()

    def on_epoch_end(self, epoch, logs=None):
        self.epochs = epoch + 1
        value = float((logs or {}).get(self.monitor, math.nan))
        best = self._best.get("value", math.inf if self.mode == "min" else -math.inf)
        if value < best if self.mode == "min" else value > best:
            self._best, self._due = {"value": value, "step": self.step}, True

    def on_train_end(self, logs=None):
        self.stopped = any(getattr(peer, "stopped_epoch", 0) for peer in self.peers)
        if self._due or self.stopped or self.step > self._saved_step:
            self.save()

    def save(self):
        """Saves now; of several workers the chief does."""
        check_weights(self.model)
        if not self.chief:
            self._saved_step, self._saved_time, self._due = self.step, time.monotonic(), False
            return
        states = {name: _state(peer) for name, peer in _named(self.peers).items()}
        states[type(self).__name__] = {"epochs": self.epochs, "stopped": self.stopped, "best": self._best}
        checkpoint.save(self.model, self.path, states, self.asked)
        checkpoint.prune(self.path, self.keep, self._best.get("step"))
        self._saved_step, self._saved_time, self._due = self.step, time.monotonic(), False


def _named(peers):
    """{name: callback}: the class's name, numbered where there are several of one class."""
    names: dict[str, keras.callbacks.Callback] = {}
    for peer in peers:
        name, number = type(peer).__name__, 1
        while (key := name if number == 1 else f"{name} {number}") in names:
            number += 1
        names[key] = peer
    return names


def _check_alike(now, stored):
    """Refuses a stored state that has not all of what a present one has, or has it of another type."""
    if now is None or stored is None:
        return
    number = (int, float)
    if isinstance(now, bool) or not isinstance(now, number):
        alike = isinstance(stored, list if isinstance(now, tuple) else type(now))
    else:
        alike = isinstance(stored, number) and not isinstance(stored, bool)
    if not alike:
        raise TypeError(f"{stored!r}")
    if isinstance(now, dict):
        for name, value in now.items():
            _check_alike(value, stored[name])


def _remembered(peer):
    return next((names for cls, names in REMEMBERED.items() if isinstance(peer, cls)), ())


def _state(peer):
    """What a callback has to remember, as JSON has it: `state()` of those that have one."""
    if hasattr(peer, "state"):
        return peer.state()
    values = {name: getattr(peer, name) for name in _remembered(peer)}
    return {name: value if value is None else float(value) for name, value in values.items()}


def _restore(peer, state):
    if hasattr(peer, "restore"):
        peer.restore(state)
    else:
        for name in _remembered(peer):
            setattr(peer, name, state[name])
