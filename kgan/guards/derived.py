"""Weights that somebody has set: what was derived from the old ones follows, or is said not to."""

import contextlib
import warnings

import keras
import numpy as np

from kgan.guards.batches import EMPTY
from kgan.layers import SpectralNormalization

# Relative to the largest weight; smaller changes are ignored. Keras' SwapEMAWeights changes the last bits of weights.
SAME = 1e-5

# Prefix of the attributes that hold moving averages.
AVERAGE = "ema_"


class Derived:
    """Notices that weights of a player were set from outside: `set_weights`, `load_weights`, `assign`.

    `note` keeps what the players' weights are when a training pauses. `follow` compares: a training in between counts
    as no change, nor does a file of the whole game, which brings along what is derived. Otherwise

    * the moving average of a network becomes what the network now is,
    * the estimates of spectral norms are those of the new kernels,
    * the game does what else it has to (`WGAN` clips),
    * and the moments of an optimizer that has already learned, which cannot follow, are said to be old.

    Args:
        game: a game whose `players`, and the averages of those that it keeps one of, are set.
    """

    def __init__(self, game):
        self.game = game
        self.paused = True  # whether weights that move were moved by somebody else
        self._swaps = False
        self.note()

    @contextlib.contextmanager
    def training(self, callbacks=()):
        """While it lasts, weights move because the game learns; others may set them between epochs and at the end.

        Keras' SwapEMAWeights, if it is among the callbacks, exchanges weights for a while, and nothing shall follow.
        """
        before = self.paused, self._swaps
        swaps = any(isinstance(one, keras.callbacks.SwapEMAWeights) for one in callbacks)
        self.paused, self._swaps = False, swaps
        try:
            yield
        finally:
            self.paused, self._swaps = before
            if swaps:
                self.note()
            self.follow()

    def pause(self):
        """An epoch has ended: what moves from now on, somebody sets."""
        self.note()
        self.paused = not self._swaps

    def resume(self):
        """An epoch begins: what was set in between is followed."""
        self.follow()
        self.paused = False

    def note(self):
        """Keeps the present weights as those that are known."""
        self._step = int(self.game.step.numpy())
        self._known = {name: _values(network) for name, network in self._networks().items()}

    def _networks(self):
        found = {player: getattr(self.game, player) for player in self.game.players}
        for name in getattr(self.game, "averaged", ()):
            found |= {name: getattr(self.game, name), f"{AVERAGE}{name}": getattr(self.game, f"{AVERAGE}{name}")}
        return found

    def follow(self):
        """Brings what is derived up to date with weights that were set since `note`."""
        if not self.paused:
            return
        if int(self.game.step.numpy()) != self._step:  # trained, or loaded, since
            self.note()
            return
        networks = self._networks()
        changed = [name for name, network in networks.items() if _differ(self._known[name], _values(network))]
        players = [name for name in changed if not name.startswith(AVERAGE)]
        if players and len(changed) < len(networks):
            for name in players:
                self._renew(name, networks[name])
                average = f"{AVERAGE}{name}"
                if average in networks and average not in changed:
                    networks[average].set_weights(networks[name].get_weights())
        if changed:
            self.note()

    def _renew(self, name, network):
        before = {id(variable): value for variable, value in zip(network.weights, self._known[name], strict=True)}
        for layer in network._flatten_layers():
            if isinstance(layer, SpectralNormalization) and np.array_equal(before[id(layer.u)], layer.u.numpy()):
                layer.renew()
        self.game.renew(network)
        optimizer = getattr(self.game, f"{name}_optimizer", None)
        updates = int(optimizer.iterations.numpy()) if optimizer is not None else 0
        inner = getattr(optimizer, "inner_optimizer", optimizer)
        if updates and len(inner.variables) > 2:  # it has slots besides the step count and the learning rate
            warnings.warn(
                f"The weights of the {name} were set after {updates} updates, and its optimizer still has the moments "
                f"of the old ones; compile() again begins without them.",
                stacklevel=4,
            )


class Pauses(keras.callbacks.Callback):
    """Stands before all other callbacks, for which weights pause at the end of an epoch; with `last=True`, after them:
    at the beginning of the next epoch, what they have set, frozen or freed in between is followed. Data of which nobody
    knew that they are empty end the training before others hear of an epoch."""

    def __init__(self, last=False):
        super().__init__()
        self.last = last

    def on_train_begin(self, logs=None):
        self._begun = int(self.model.step.numpy())

    def on_epoch_end(self, epoch, logs=None):
        if not self.last:
            if not set(self.model.reports) & set(logs or {}) and int(self.model.step.numpy()) == self._begun:
                raise ValueError(EMPTY)
            self.model.derived.pause()

    def on_epoch_begin(self, epoch, logs=None):
        if self.last:
            self.model.derived.resume()
            self.model.make_train_function()


def _values(network):
    return [variable.numpy() for variable in network.weights]


def _differ(before, now):
    for old, new in zip(before, now, strict=True):
        if np.array_equal(old, new):
            continue
        if old.dtype.kind in "iub":
            return True
        old, new = old.astype(np.float32), new.astype(np.float32)
        if np.array_equal(old, new, equal_nan=True):
            continue
        if not np.abs(new - old).max() <= SAME * np.abs(old).max():
            return True
    return False
