"""Lets the player who is behind catch up."""

import tensorflow as tf

from kgan.callbacks.callback import Callback
from kgan.callbacks.long_critic_phases import check_one_step_at_a_time
from kgan.ranges import Count, Positive


class TrainWeaker(Callback):
    """Trains only the weaker player while the losses are out of balance: a schedule on their ratio.

    After each `every` training steps the ratio of the players' mean losses in them, d_loss / g_loss, decides about the
    next: above `high` the discriminator is the weaker and learns alone, below `low` the generator does, and between
    them both do. With `NonSaturating` and `LeastSquares` the ratio is 2 where all scores are equal, the equilibrium;
    the defaults are a factor of 8 about that. There is no theorem behind it, and updates of one player only move
    the other's target; `discriminator_steps` and the learning rates are the better known ways.

    Args:
        low, high: the ratios between which both learn, 0 < low < high.
        every: training steps between decisions.

    Raises:
        ValueError: an argument is out of its range; or, when training begins, the objective's losses may be negative,
            as those of Wasserstein and hinge games are, so that their ratio means nothing.

    Example:
        >>> weaker = TrainWeaker(low=0.5, high=8.0)
        >>> [weaker.decide(d_loss, g_loss=0.7) for d_loss in (0.1, 1.4, 7.0)]
        [['generator'], ['generator', 'discriminator'], ['discriminator']]
    """

    def __init__(self, low: Positive = 0.25, high: float = 16.0, every: Count = 1):
        super().__init__()
        if low >= high:
            raise ValueError(f"low must be below high; got {low} and {high}.")
        self.low, self.high, self.every = low, high, every
        self._active = ["generator", "discriminator"]
        self._sums = [0.0, 0.0]  # of the losses since the last decision
        self._means = [[0.0, 0.0], [0.0, 0.0]]  # [total, count] of the running means after the last step

    def decide(self, d_loss, g_loss):
        """Which sides learn after steps with these mean losses: the judges, who learn from them, or both."""
        if d_loss > self.high * g_loss:
            return ["discriminator"]
        if d_loss < self.low * g_loss:
            return ["generator"]
        return ["generator", "discriminator"]

    def on_train_begin(self, logs=None):
        check_one_step_at_a_time(self)
        loss = getattr(self.model, "adversarial_loss", None)
        scores = tf.constant([[-10.0], [10.0]])
        if loss is None or loss.perfect is None or any(float(loss.generator(score)) < 0 for score in scores):
            raise ValueError(
                f"TrainWeaker compares losses, and those of {type(self.model).__name__} may be negative or are none of "
                f"kgan.losses; use it with NonSaturating, LeastSquares or BoundarySeeking."
            )

    def on_train_batch_begin(self, batch, logs=None):
        sides = {"discriminator": self.model.judges, "generator": self._others()}
        self.model.active = [player for side in self._active for player in sides[side]]

    def _others(self):
        return [player for player in self.model.players if player not in self.model.judges]

    def on_train_batch_end(self, batch, logs=None):
        trackers = {tracker.name: tracker for tracker in self.model.metrics}
        means = [[float(part.numpy()) for part in trackers[name].variables] for name in ("d_loss", "g_loss")]
        for player, (before, now) in enumerate(zip(self._means, means, strict=True)):
            begun = now[1] <= before[1]  # Keras begins new means with each epoch
            self._sums[player] += now[0] if begun else now[0] - before[0]
        self._means = means
        if self.step % self.every == 0:
            self._active, self._sums = self.decide(*self._sums), [0.0, 0.0]

    def on_train_end(self, logs=None):
        self.model.active = self.model.players

    def state(self):
        return {"active": self._active, "sums": self._sums, "means": self._means}

    def restore(self, state):
        self._active, self._sums, self._means = state["active"], list(state["sums"]), state["means"]
