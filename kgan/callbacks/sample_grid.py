"""Pictures of the same latents as training goes on."""

from typing import Annotated, Any

from kgan.callbacks.callback import Callback
from kgan.ranges import Count, Range, Seed


class SampleGrid(Callback):
    """Saves a grid of samples of the averaged generator, always of the same latents.

    Images are laid out in a grid; vectors are drawn as points, their first two coordinates. A game that maps images
    gets a picture for each direction, such as `step-00001000-ab.png`: rows of examples, and below each what they are
    mapped to.

    Args:
        every: steps between pictures; there is also one at the end.
        count: how many samples; vectors are drawn 2,000 at a time.
        seed: of the latents.
        labels: for conditional generators: each gets a row of `count` divided by their number; one for each sample
            where there are as many. Vectors have them in turn.
        folder: of the pictures `step-00001000.png`, relative to the run folder.
        data: of a game that maps images, a data set or its examples as `fit` takes them. A recipe gives its own.

    Example:
        >>> SampleGrid(every=500).get_config()
        {'every': 500, 'count': 64, 'seed': 0, 'labels': None, 'folder': 'samples', 'data': None}
    """

    def __init__(
        self, every: Count = 1000, count: Annotated[int, Range("[1, 10000]")] = 64, seed: Seed = 0,
        labels: list | None = None, folder: str = "samples", data: Any = None,
    ):  # fmt: skip
        super().__init__()
        if labels and count % len(labels):
            raise ValueError(f"count must be a multiple of the number of labels, {len(labels)}; got {count}.")
        self.every, self.count, self.seed, self.labels, self.folder = every, count, seed, labels, folder
        self.data = data
        self._drawn = None

    def on_train_begin(self, logs=None):
        self._drawn = self.step
        # Class numbers become one-hot vectors once a training has shown that labels are such.
        if self._drawn == 0 and not (self.labels and self.model.label_rules.wait(self.labels)):
            self.draw()

    def on_train_batch_end(self, batch, logs=None):
        if self.step // self.every > self._drawn // self.every:
            self.draw()

    def on_train_end(self, logs=None):
        if self.step > self._drawn:
            self.draw()

    def draw(self):
        """Writes the picture of the present step."""
        self._drawn = self.step
        if not self.chief:
            return
        path = self.model.run_dir / self.folder / f"step-{self._drawn:08d}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        for product in self.model.products:
            found = product.picture(self.model, self.count, self.seed, self.labels, self.data)
            if found is not None:
                named = path.with_stem(f"{path.stem}-{product.name}") if product.name else path
                self.model.kind.draw(named, *found)
