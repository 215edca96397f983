"""Watches a training for the failures that GANs are known for."""

import itertools
import math
import statistics
from typing import Annotated, Any

import click

from kgan.callbacks.callback import Callback
from kgan.ranges import Range

WON = (
    "d_loss is {d_loss:.2g}: the {judge} tells real from generated without fail, and teaches the {learners} "
    "nothing more. Give it a regulariser, soft labels or fewer steps, or take WGANGP"
)
BLIND = (
    "the {judge} gives everything the same score ({mean:.3g}). Its learning rate may be too large, or its "
    "weights clipped too tightly"
)
SATURATED = (
    "the scores have run away (the smallest is {smallest:.3g}), where the loss is flat. Lower the {judge}'s "
    "learning rate, or regularise it"
)
VANISHED = (
    "the {player}'s gradient has vanished ({gradient:.2g}, it was {largest:.2g}). The {judge} is too far ahead: "
    "lower its learning rate or steps, or take WGANGP"
)
EXPLODED = (
    "the {player}'s gradient has exploded ({gradient:.2g}, it was {first:.2g}). Lower the learning rates, or "
    "regularise the {judge}"
)
COLLAPSED = (
    "the generated examples are nearly all the same (their spread is {share:.0%} of the data's): mode collapse. "
    "Lower the {learners}'s learning rate, raise the {judge}'s steps, or take WGANGP"
)
ESCAPED = (
    "the generated examples have run away (they lie {extent:.3g} times as far from the data's mean as the data do). "
    "Lower the learning rates, regularise the {judge}, or train in float32 if this was another precision"
)
CYCLING = (
    "the generated examples go to and fro (in the last {looks} looks they were but a part of the data, and mostly "
    "another part than before): the players chase each other. Lower the {learners}'s learning rate, raise the "
    "{judge}'s steps, or take WGANGP or UnrolledGAN"
)

# Looks without a warning at the start: an untrained generator has little diversity, or values far too large.
FIRST_LOOKS = 4

# The norms that are kept for each player's gradient.
GRADIENTS = ("first_gradient", "largest_gradient")

# How many of the last states are kept, to see a game that goes to and fro between some of them.
STATES = 8


class Monitor(Callback):
    """Looks now and then whether the training still goes anywhere, and says once what it sees and what to do.

    It sees a discriminator that has won (its loss at zero) or gives everything one score, scores that have run away
    to where the loss is flat (energies, and scores of which only differences count, may be as large as they like),
    gradients of the generator, or of an encoder, that vanish or explode, and generated examples that become all the
    same, that lie far outside the data, or that go to and fro between few states. A look is a step on always the same
    examples in which nothing learns. It asks the game who judges and who learns from that, and says nothing of games in
    which nobody judges.

    Args:
        data: a minibatch of examples, as `fit` takes them: images, or (images, labels).
        every: training steps between looks; 0 for none.

    Example:
        >>> from kgan.datasets import RingOfGaussians
        >>> Monitor(RingOfGaussians().example(32), every=100).every
        100
    """

    def __init__(self, data: Any, every: Annotated[int, Range("[0, inf)")] = 250):
        super().__init__()
        self.data, self.every = data, every
        self._looked = 0
        # Gradients are kept by player; a state is [spread, *center] of the fakes, in units of the data's spread.
        self._seen = {
            "looks": 0, "first_gradient": {}, "largest_gradient": {}, "largest_spread": 0.0, "states": [], "said": [],
        }  # fmt: skip

    def state(self):
        gradients = {name: list(self._seen[name].items()) for name in GRADIENTS}
        return {**self._seen, **gradients, "said": list(self._seen["said"]), "states": list(self._seen["states"])}

    def migrated_state(self, state):
        # kgan 0.1.0 watched only the first player, wrote a number instead of a dictionary, and kept no states.
        learner = next(iter(self._learners()), "")
        alone = {name: [[learner, state[name]]] for name in GRADIENTS if isinstance(state[name], float | int)}
        return {"states": [], **state, **alone}

    def restore(self, state):
        state = self.migrated_state(state)
        self._seen = {**state, **{name: dict(state[name]) for name in GRADIENTS}}

    def on_train_begin(self, logs=None):
        self._looked = self.step

    def on_train_batch_end(self, batch, logs=None):
        step = self.step
        # The first look comes at once: later ones are compared with it.
        if self.every and self.chief and (self._seen["looks"] == 0 or step // self.every > self._looked // self.every):
            self._looked = step
            self.look()

    def look(self):
        """Looks now; says what was not said before."""
        if not self.model.judges:
            return
        found = self.model.inspect(self.data)
        # What is not finite stops the training anyway.
        if all(math.isfinite(value) for value in found.values()):
            for template, values in self._symptoms(found):
                self._say(template, values)

    def _learners(self):
        return [player for player in self.model.players if player not in self.model.judges]

    def _say(self, template, values):
        names = {"judge": " and ".join(self.model.judges), "learners": " and ".join(self._learners())}
        if "player" in values:
            names["player"] = values["player"]
        for name, value in names.items():
            template = template.replace(f"{{{name}}}", value)
        key = template.split("{")[0]
        if key not in self._seen["said"]:
            self._seen["said"].append(key)
            click.echo(f"step {self._looked}: {template.format(**values)}; then begin anew with a fresh run.")

    def _symptoms(self, found):
        """Yields what is wrong by what a look has found: a sentence, and the values in it."""
        self._seen["looks"] += 1
        zero = getattr(self.model, "perfect_d_loss", None)
        if zero is not None and found["d_loss"] - zero < 0.01:
            yield WON, {"d_loss": found["d_loss"]}
        if "score_mean" in found:
            yield from self._of_scores(found)
        for player in self._learners():
            yield from self._of_gradient(player, found[f"{player}_gradient"])
        if "fake_spread" in found:
            yield from self._of_examples(found)

    def _of_scores(self, found):
        if found["score_spread"] <= 1e-6 * abs(found["score_mean"]):
            yield BLIND, {"mean": found["score_mean"]}
        if getattr(self.model, "saturates", False) and found["smallest_score"] > 15:
            yield SATURATED, {"smallest": found["smallest_score"]}

    def _of_gradient(self, player, gradient):
        firsts, most = self._seen["first_gradient"], self._seen["largest_gradient"]
        first = firsts[player] = firsts.get(player) or gradient
        largest, most[player] = most.get(player, 0.0), max(most.get(player, 0.0), gradient)
        if gradient < 1e-4 * largest:
            yield VANISHED, {"player": player, "gradient": gradient, "largest": largest}
        if gradient > 1e3 * first > 0:
            yield EXPLODED, {"player": player, "gradient": gradient, "first": first}

    def _of_examples(self, found):
        seen, unit = self._seen, max(found["real_spread"], 1e-12)
        share = found["fake_spread"] / unit
        center = [value / unit for name, value in found.items() if name.startswith("fake_center_")]
        seen["states"] = [*seen["states"], [share, *center]][-STATES:]
        settled = seen["looks"] > FIRST_LOOKS
        if share < 0.1 and (seen["largest_spread"] > 0.3 or settled):
            yield COLLAPSED, {"share": share}
        if found["fake_extent"] > 5 and settled:
            yield ESCAPED, {"extent": found["fake_extent"]}
        if to_and_fro(seen["states"]):
            yield CYCLING, {"looks": STATES}
        seen["largest_spread"] = max(seen["largest_spread"], share)


def to_and_fro(states):
    """Whether a generator that makes a part of the data at a time jumps between parts, and gets nowhere.

    Of the last 8 looks: its examples are more alike than the data (the median of their spreads is below 0.6), their
    mean moves farther than half of the data's spread, and than their own spread, between most looks, and all moves
    together are twice as long as the largest distance between two of its places. One that moves ahead on a line would
    have gone that distance once.

    Args:
        states: [spread, *center] of each look, in units of the data's spread.

    Example:
        >>> to_and_fro([[0.1, 0.0, 0.0], [0.1, 1.0, 0.0]] * 4)
        True
        >>> to_and_fro([[0.1, float(look), 0.0] for look in range(8)])
        False
    """
    if len(states) < STATES:
        return False
    spreads, centers = [spread for spread, *_ in states], [center for _, *center in states]
    moves = [math.dist(one, other) for one, other in itertools.pairwise(centers)]
    own = [move / max(spread, 1e-12) for move, spread in zip(moves, map(max, itertools.pairwise(spreads)), strict=True)]
    across = max(math.dist(one, other) for one in centers for other in centers)
    jumps = statistics.median(moves) > 0.5 and statistics.median(own) > 1
    return jumps and statistics.median(spreads) < 0.6 and sum(moves) > 2 * across
