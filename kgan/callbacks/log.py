"""The run's log, a JSON line per interval."""

import json
import os
import time

from kgan.callbacks.callback import Callback
from kgan.files import append
from kgan.ranges import Count


class Log(Callback):
    """Appends a line to `log.jsonl` every `every` steps: the step, the epochs of data and images that the
    discriminator has seen, the seconds trained in all, images per second, and the means since the last line.

    In a run of the command line the interval is also Keras' epoch.

    Args:
        every: steps between lines.
        file: path, relative to the run folder.
        images_per_step, dataset_size: real images in one step, and examples in the data set; where given, the line
            has "epoch", "images" and "images_per_second".

    Example:
        >>> Log(every=100).get_config()["every"]
        100
    """

    def __init__(
        self, every: Count = 100, file: str = "log.jsonl", images_per_step: int | None = None,
        dataset_size: int | None = None,
    ):  # fmt: skip
        super().__init__()
        self.every = every
        self.file, self.images_per_step, self.dataset_size = file, images_per_step, dataset_size
        self._seconds = 0.0
        self._last = self._started = None

    def state(self):
        return {"seconds": self.seconds, "bytes": self._path.stat().st_size if self._path.exists() else 0}

    def restore(self, state):
        self._seconds = state["seconds"]
        self._last = (self.step, self.seconds)
        if self.chief and self._path.exists():
            # Lines written after the checkpoint will be written again.
            os.truncate(self._path, min(state["bytes"], self._path.stat().st_size))

    @property
    def seconds(self):
        """Seconds trained in all, those before a resume included."""
        return self._seconds + (time.monotonic() - self._started if self._started else 0.0)

    @property
    def _path(self):
        return self.model.run_dir / self.file

    def on_train_begin(self, logs=None):
        self._started = time.monotonic()
        self._last = (self.step, self.seconds)

    def on_epoch_end(self, epoch, logs=None):
        if not self.chief:
            return
        step, seconds = self.step, self.seconds
        line = {"step": step}
        if self.images_per_step:
            images = step * self.images_per_step
            steps, elapsed = step - self._last[0], max(seconds - self._last[1], 1e-9)
            if self.dataset_size:
                line["epoch"] = round(images / self.dataset_size, 4)
            line |= {"images": images, "images_per_second": round(steps * self.images_per_step / elapsed, 1)}
        line |= {"seconds": round(seconds, 3)} | {name: float(value) for name, value in (logs or {}).items()}
        append(self._path, json.dumps(line) + "\n")
        self._last = (step, seconds)
