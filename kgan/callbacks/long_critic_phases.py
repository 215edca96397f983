"""The long phases of the critic in the first WGAN code."""

from typing import Annotated

from kgan.callbacks.callback import Callback
from kgan.ranges import Count, Range


class LongCriticPhases(Callback):
    """Trains the critic nearly to its optimum before some of the generator's updates: the first ones, and one in a
    while. So does the code of Arjovsky et al. 2017 (https://arxiv.org/abs/1701.07875), though not its Algorithm 1.

    The generator's update g, counted from 0, follows `steps` updates of the critic if g < first or g is a multiple of
    `every`, and `discriminator_steps` otherwise. A training step has `discriminator_steps` of them, so that a long
    phase takes steps / discriminator_steps training steps, in the last of which alone the generator learns too. All of
    them are counted, draw their own data and numbers, and are logged: with the defaults and 5 steps of the critic the
    generator's 1,000th update ends training step 1,494, and `gan.generator_optimizer.iterations` counts its updates.
    Who plays depends on the step alone, so that a training that goes on does it exactly.

    Args:
        steps: updates of the critic in a long phase, a multiple of `discriminator_steps`.
        first: how many updates of the generator have long phases in the beginning, at least 0.
        every: one of so many updates of the generator has a long phase.

    Raises:
        ValueError: when training begins: `discriminator_steps` does not divide `steps`, or steps_per_execution is
            not 1.

    Example:
        >>> phases = LongCriticPhases(steps=100, first=25, every=500)
        >>> [phases.generator_plays(step, length=20) for step in (0, 18, 19, 499, 500, 501)]
        [False, False, True, True, True, True]
    """

    def __init__(self, steps: Count = 100, first: Annotated[int, Range("[0, inf)")] = 25, every: Count = 500):
        super().__init__()
        self.steps, self.first, self.every = steps, first, every

    def on_train_begin(self, logs=None):
        k = getattr(self.model, "discriminator_steps", None)
        if k is None:
            raise ValueError(
                f"LongCriticPhases needs a game with discriminator_steps, which {type(self.model).__name__} has not; "
                f"leave it out."
            )
        if self.steps % k:
            raise ValueError(
                f"A long phase of {self.steps} updates is made of training steps with discriminator_steps={k} updates "
                f"each; choose steps as a multiple of that."
            )
        check_one_step_at_a_time(self)

    def on_train_batch_begin(self, batch, logs=None):
        length = self.steps // self.model.discriminator_steps
        plays = self.generator_plays(self.step, length)
        self.model.active = self.model.players if plays else self.model.judges

    def on_train_end(self, logs=None):
        self.model.active = self.model.players

    def generator_plays(self, step, length):
        """Whether the generator learns in the training step after `step` of them; a long phase takes `length`."""
        if step < self.first * length:
            return step % length == length - 1
        step -= self.first * length
        short = -self.first % self.every  # updates until the next multiple
        if step < short:
            return True
        return (step - short) % (length + self.every - 1) >= length - 1


def check_one_step_at_a_time(callback):
    """Refuses executions of several steps, between which alone the players can change."""
    count = int(callback.model.steps_per_execution)
    if count != 1:
        name = type(callback).__name__
        raise ValueError(f"{name} decides before each step; compile with steps_per_execution=1, not {count}.")
