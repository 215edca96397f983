"""Watches a training for the failures that GANs are known for."""

import math
from typing import Annotated, Any

import click

from kgan.callbacks.callback import Callback
from kgan.ranges import Range

WON = (
    "d_loss is {d_loss:.2g}: the discriminator tells real from generated without fail, and teaches the generator "
    "nothing more. Give it a regulariser, soft labels or fewer steps, or take WGANGP"
)
BLIND = (
    "the discriminator gives everything the same score ({mean:.3g}). Its learning rate may be too large, or its "
    "weights clipped too tightly"
)
SATURATED = (
    "the scores have run away (the smallest is {smallest:.3g}), where the loss is flat. Lower the discriminator's "
    "learning rate, or regularise it"
)
VANISHED = (
    "the generator's gradient has vanished ({gradient:.2g}, it was {largest:.2g}). The discriminator is too far ahead: "
    "lower its learning rate or steps, or take WGANGP"
)
EXPLODED = (
    "the generator's gradient has exploded ({gradient:.2g}, it was {first:.2g}). Lower the learning rates, or "
    "regularise the discriminator"
)
COLLAPSED = (
    "the generated examples are nearly all the same (their spread is {share:.0%} of the data's): mode collapse. "
    "Lower the generator's learning rate, raise the discriminator's steps, or take WGANGP"
)


class Monitor(Callback):
    """Looks now and then whether the training still goes anywhere, and says once what it sees and what to do.

    It sees a discriminator that has won (its loss at zero) or gives everything one score, scores that have run away
    to where the loss is flat (energies, and scores of which only differences count, may be as large as they like),
    gradients of the generator that vanish or explode, and generated examples that become all the same. A look
    is a step on always the same examples in which nothing learns. Of games without a discriminator it says nothing.

    Args:
        data: a minibatch of examples, as `fit` takes them: images, or (images, labels).
        every: generator steps between looks; 0 for none.

    Example:
        >>> from kgan.datasets import RingOfGaussians
        >>> Monitor(RingOfGaussians().example(32), every=100).every
        100
    """

    def __init__(self, data: Any, every: Annotated[int, Range("[0, inf)")] = 250):
        super().__init__()
        self.data, self.every = data, every
        self._looked = 0
        self._seen = {"looks": 0, "first_gradient": 0.0, "largest_gradient": 0.0, "largest_spread": 0.0, "said": []}

    def state(self):
        return {**self._seen, "said": list(self._seen["said"])}

    def restore(self, state):
        self._seen = state

    def on_train_begin(self, logs=None):
        self._looked = self.step

    def on_train_batch_end(self, batch, logs=None):
        step = self.step
        # The first look is what later ones are compared with.
        if self.every and self.chief and (self._seen["looks"] == 0 or step // self.every > self._looked // self.every):
            self._looked = step
            self.look()

    def look(self):
        """Looks now; says what was not said before."""
        if "discriminator" not in self.model.players:
            return
        found = self.model.inspect(self.data)
        if all(math.isfinite(value) for value in found.values()):  # what is not, stops the training anyway
            for sentence in self._symptoms(found):
                click.echo(f"step {self._looked}: {sentence}; then begin anew with a fresh run.")

    def _symptoms(self, found):
        seen, gradient = self._seen, found["generator_gradient"]
        seen["looks"] += 1
        seen["first_gradient"] = seen["first_gradient"] or gradient
        share = found["fake_spread"] / max(found["real_spread"], 1e-12)
        zero = self.model.perfect_d_loss
        won = zero is not None and found["d_loss"] - zero < 0.01
        symptoms = {
            WON: won,
            BLIND: found["score_spread"] <= 1e-6 * abs(found["score_mean"]),
            SATURATED: self.model.saturates and found["smallest_score"] > 15,
            VANISHED: gradient < 1e-4 * seen["largest_gradient"],
            EXPLODED: gradient > 1e3 * seen["first_gradient"] > 0,
            # An untrained generator makes little that differs, so it is given four looks.
            COLLAPSED: share < 0.1 and (seen["largest_spread"] > 0.3 or seen["looks"] > 4),
        }
        seen["largest_gradient"] = max(seen["largest_gradient"], gradient)
        seen["largest_spread"] = max(seen["largest_spread"], share)
        for template, holds in symptoms.items():
            name = template.split("{")[0]
            if holds and name not in seen["said"]:
                seen["said"].append(name)
                yield template.format(
                    d_loss=found["d_loss"], mean=found["score_mean"], smallest=found["smallest_score"],
                    gradient=gradient, largest=seen["largest_gradient"], first=seen["first_gradient"], share=share,
                )  # fmt: skip
