"""Opponents from the past."""

import keras

from kgan.callbacks.callback import Callback
from kgan.callbacks.long_critic_phases import check_one_step_at_a_time
from kgan.ranges import Count

PAIR = ("discriminator", "generator")


class OlderPlayers(Callback):
    """Now and then an older generator or discriminator comes back, and the present other one learns against it. Trick 9
    of Chintala et al. 2016, "How to Train a GAN?" (https://github.com/soumith/ganhacks).

    A player that wins against all that its opponent has been, and not only against what it is now, is not driven
    in circles. After every `every` training steps the weights of both are kept. From the second time on, those kept
    the time before then play for `steps` steps in the place of the discriminator's, or, the next time, of the
    generator's. Who comes back does not learn, nor does the average of the generator while that is away; after it the
    present weights go on as if nothing had been. A step of one player is a step, with its own data. See
    `kgan.replay.Replay` for past fakes in every minibatch.

    What is kept belongs to the weights of the game (`gan.older`), and when it plays depends on the step alone, so that
    a training that goes on does it exactly. A training that ends during such a phase ends with the older player in its
    place; the averaged generator is untouched.

    Args:
        every: training steps between the returns, and the age of who returns, at least 2.
        steps: how many training steps a return lasts, at least 1 and less than `every`.

    Raises:
        ValueError: an argument is out of its range; or, when training begins, the game has no discriminator, or
            steps_per_execution is not 1.

    Example:
        >>> older = OlderPlayers(every=1000, steps=10)
        >>> [older.returning(step) for step in (1000, 1999, 2000, 2009, 2010, 3000)]
        [None, None, 'discriminator', 'discriminator', None, 'generator']
    """

    def __init__(self, every: Count = 1000, steps: Count = 10):
        super().__init__()
        if steps >= every:
            raise ValueError(f"steps must be less than every; got steps={steps} and every={every}.")
        self.every, self.steps = every, steps

    def returning(self, step):
        """Which player, if any, is an older one in the training step after `step` of them."""
        time, since = divmod(step, self.every)
        return PAIR[time % 2] if time >= 2 and since < self.steps else None

    def set_model(self, model):
        super().set_model(model)
        if set(model.players) != set(PAIR):
            raise ValueError(f"OlderPlayers needs a generator and a discriminator; {type(model).__name__} has others.")
        if getattr(model, "older", None) is None:
            with model.distribute_strategy.scope():
                model.older = Kept({player: getattr(model, player) for player in PAIR})

    def on_train_begin(self, logs=None):
        check_one_step_at_a_time(self)

    def on_train_batch_begin(self, batch, logs=None):
        step, older = self.step, self.model.older
        now, before = self.returning(step), self.returning(step - 1)
        if step > int(older.until.numpy()):  # a resumed training may already have kept this step's players
            older.until.assign(step)
            if step % self.every == 0:
                for player in PAIR:
                    older.keep(player, getattr(self.model, player), returns=player == now)
            elif before and not now:
                older.bring_back(before, getattr(self.model, before))
        self.model.active = [player for player in PAIR if player != now]

    def on_train_end(self, logs=None):
        self.model.active = self.model.players


class Kept(keras.layers.Layer):
    """What the players' networks were: their weights and statistics.

    Args:
        networks: by the players' names.

    Attributes:
        until: the step up to which it is up to date.
    """

    def __init__(self, networks):
        super().__init__(name="older", trainable=False, dtype="float32", autocast=False)
        self.until = self.add_weight(shape=(), dtype="int64", initializer="zeros", trainable=False, name="until")
        self._of = {
            player: [
                self.add_weight(
                    shape=weight.shape, dtype=weight.dtype, initializer="zeros", trainable=False, autocast=False,
                    name=f"{player}_{index}",
                )
                for index, weight in enumerate(network.weights)
            ]
            for player, network in networks.items()
        }  # fmt: skip
        self.built = True

    def keep(self, player, network, returns):
        """Keeps the network's weights; if it `returns`, it gets those that were kept until now."""
        for kept, weight in zip(self._of[player], network.weights, strict=True):
            before, now = kept.numpy(), weight.numpy()
            kept.assign(now)
            if returns:
                weight.assign(before)

    def bring_back(self, player, network):
        """Gives the network the weights that it had when they were last kept."""
        for kept, weight in zip(self._of[player], network.weights, strict=True):
            weight.assign(kept)
