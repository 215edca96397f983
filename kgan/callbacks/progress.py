"""How far the training is, for a person who waits."""

import contextlib
import sys
import time

import click

from kgan.callbacks.callback import Callback
from kgan.ranges import Count


class Progress(Callback):
    """A progress bar with ETA, images per second and losses on a terminal; a plain line now and then
    elsewhere.

    Args:
        steps: steps in all.
        images_per_step: real images in one step.
        every: steps between plain lines.

    Example:
        >>> Progress(steps=1000, images_per_step=320).get_config()
        {'steps': 1000, 'images_per_step': 320, 'every': 100}
    """

    def __init__(self, steps: int, images_per_step: int, every: Count = 100):
        super().__init__()
        self.steps, self.images_per_step, self.every = steps, images_per_step, every
        self._bar = None
        self._text = ""

    def on_train_begin(self, logs=None):
        self.close()  # of what a rollback has left behind
        self._mark = (self.step, time.monotonic())
        self._begun = self._mark
        if self.chief and sys.stdout.isatty():
            self._bar = click.progressbar(
                length=self.steps - self.step, label="training", show_eta=True, width=24,
                item_show_func=lambda item: self._text,
            )  # fmt: skip
            self._bar.__enter__()

    def on_train_batch_end(self, batch, logs=None):
        step = self.step
        if self._bar is not None:
            if time.monotonic() - self._mark[1] >= 1 or step == self.steps:
                self._measure(step, logs)
            self._bar.update(step - self._begun[0] - self._bar.pos)
        elif self.chief and (step // self.every > self._mark[0] // self.every or step == self.steps):
            self._measure(step, logs)
            left = (self.steps - step) * (time.monotonic() - self._begun[1]) / max(step - self._begun[0], 1)
            # A closed pipe also sends SIGPIPE, on which `StopOnSignal` ends the training.
            with contextlib.suppress(BrokenPipeError):
                click.echo(f"{self._text}  eta {_clock(left)}")

    def _measure(self, step, logs):
        now = time.monotonic()
        rate = (step - self._mark[0]) * self.images_per_step / max(now - self._mark[1], 1e-9)
        losses = "  ".join(f"{name} {float(value):.4g}" for name, value in (logs or {}).items())
        self._text = f"step {step}/{self.steps}  {losses}  {rate:.0f} images/s"
        self._mark = (step, now)

    def on_train_end(self, logs=None):
        self.close()

    def close(self):
        """Leaves the terminal's cursor where other text may follow."""
        if self._bar is not None:
            self._bar.__exit__(None, None, None)
            self._bar = None


def _clock(seconds):
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{seconds:02d}"
