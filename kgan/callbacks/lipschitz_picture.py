"""How steep the discriminator is, and which of its weights make it so."""

import numpy as np
import tensorflow as tf

from kgan.batch import Batch
from kgan.callbacks.callback import Callback
from kgan.datasets import Dataset
from kgan.files import replacing
from kgan.layers import SpectralNormalization
from kgan.randomness import Draws
from kgan.ranges import Count, Seed
from kgan.regularizers.input_gradient import gradient_norm, interpolate
from kgan.tricks.constraints import WeightClipping

TRANSPOSED = ("Conv1DTranspose", "Conv2DTranspose", "Conv3DTranspose")
COUNT = 512  # examples, and samples, between which lines are drawn
SIDE = 64  # points along each side of a value surface


class LipschitzPicture(Callback):
    """Looks now and then how steep the discriminator is, in numbers and in a picture. Gulrajani et al. 2017, figures 1
    and 2 (https://arxiv.org/abs/1704.00028).

    In the logs of the epoch in which a look falls due, and so in `log.jsonl`, in History and in TensorBoard:

    * gradient_norm_mean, gradient_norm_max: of |grad_x D(x)| at a random point of each of 512 lines between an example
      and a sample of the averaged generator, the data in [-1, 1]; near 1 for WGAN-GP, at most 1 for spectral
      normalisation with activations that are 1-Lipschitz.
    * clipped_share: the share of the clipped weights that lie at a bound; only where weights are clipped.
    * spectral_norm_1, spectral_norm_2, ...: the largest singular value of each kernel in the order of the layers, as
      the layer computes with it: of a spectrally normalised one about 1. A convolution's kernel is the
      matrix [h w channels, filters], whose norm is not that of the linear map.

    The picture has histograms of the gradient norms and of the weights, with the bounds of clipping, a bar for each
    spectral norm, and for data of two numbers the surface of the scores, for the first example's label if the
    discriminator takes labels. Networks are in inference mode, and nothing learns. Under several workers the chief
    looks, and all know the numbers.

    Args:
        every: steps between looks, each at the end of its epoch: let it be a multiple of `log.every`.
        data: `kgan.datasets.Dataset`. A recipe gives its own.
        seed: of the samples and of the points.
        folder: of the pictures `step-00001000.png`, relative to the run folder.

    Raises:
        ValueError: every is below 1; or, when training begins, the game has no discriminator of examples alone, or
            one of examples of another shape.

    Example:
        >>> import kgan
        >>> LipschitzPicture(every=500, data=kgan.datasets.RingOfGaussians(size=600)).folder
        'lipschitz'
    """

    def __init__(self, every: Count = 1000, *, data: Dataset, seed: Seed = 0, folder: str = "lipschitz"):
        super().__init__()
        self.every, self.data, self.seed, self.folder = every, data, seed, folder
        self._done, self._norms, self._scores = 0, None, None

    def state(self):
        return {"done": self._done}

    def restore(self, state):
        self._done = state["done"]

    def on_train_begin(self, logs=None):
        samples = any(product.verb == "sample" for product in self.model.products)
        if len(self.model.judges_of_examples()) != 1 or not samples:
            raise ValueError(
                f"LipschitzPicture looks at the one discriminator of samples, and {type(self.model).__name__} has "
                f"none; leave it out."
            )
        (name,) = self.model.judges_of_examples()
        wanted = tuple(self.model.inputs_of[name].tensor("images").shape[1:])
        if tuple(self.data.data_shape) != wanted:
            raise ValueError(
                f"LipschitzPicture has data of the shape {tuple(self.data.data_shape)}, and the discriminator takes "
                f"{wanted}; give it the data of the training."
            )
        self._done = self.step

    @property
    def _judge(self):
        return getattr(self.model, *self.model.judges_of_examples())

    def on_epoch_end(self, epoch, logs=None):
        if self.step // self.every == self._done // self.every:
            return
        self._done = self.step
        found = self.from_chief(self.look() if self.chief else None)
        if logs is not None:
            logs.update(found)

    def look(self):
        """Looks now, and draws the picture.

        Returns:
            {name: float} as in the logs.
        """
        norms, weights, clips, kernels = self.gradient_norms(), [], [], spectral_norms(self._judge)
        at_bounds = []
        for variable in self._judge.trainable_variables:
            values = variable.numpy().ravel()
            weights.append(values)
            if isinstance(variable.constraint, WeightClipping):
                clips.append(variable.constraint.clip)
                at_bounds.append(np.abs(values) >= np.float32(variable.constraint.clip))
        found = {"gradient_norm_mean": float(norms.mean()), "gradient_norm_max": float(norms.max())}
        if clips:
            found["clipped_share"] = float(np.concatenate(at_bounds).mean())
        found |= {f"spectral_norm_{number}": norm for number, norm in enumerate(kernels, 1)}
        self._draw(norms, np.concatenate(weights), sorted(set(clips)), kernels)
        return found

    def gradient_norms(self):
        """|grad_x D(x)|, float32 [512], or as many as there are examples."""
        real = self._example()
        fake = real.replace(images=self.model.sample_values(len(real.images), self.seed, self._generator_labels(real)))
        real, fake = tf.nest.map_structure(tf.constant, (real, fake))
        if self._norms is None:  # the function is traced only once
            self._norms = tf.function(
                lambda r, f: gradient_norm(self.model.score_of(self._judge), interpolate(r, f, self._draws()))
            )
        with self.model.observing():
            return self._norms(real, fake).numpy()

    def surface(self):
        """The scores on a square around the data: (ticks [64], scores [64, 64] with y first)."""
        real = self._example()
        ticks = np.linspace(-1.3, 1.3, SIDE, dtype=np.float32) * np.abs(real.images).max()
        points = np.stack(np.meshgrid(ticks, ticks), axis=-1).reshape(-1, 2)
        labels = None if real.labels is None else np.repeat(real.labels[:1], len(points), axis=0)
        if self._scores is None:
            self._scores = tf.function(self.model.score_of(self._judge))
        with self.model.observing():
            scores = self._scores(tf.nest.map_structure(tf.constant, Batch(points, labels)))
        return ticks, scores.numpy().reshape(SIDE, SIDE)

    def _example(self):
        example = self.data.example(min(COUNT, len(self.data)))
        return Batch(*example) if isinstance(example, tuple) else Batch(example)

    def _generator_labels(self, real):
        return real.labels if self.model.conditional else None

    def _draws(self):
        return Draws(self.seed, "lipschitz")

    def _draw(self, norms, weights, clips, kernels):
        from matplotlib.figure import Figure

        plane = tuple(self.data.data_shape) == (2,)
        figure = Figure(figsize=(16 if plane else 12, 3.6), layout="tight")
        gradient, weight, spectral, *rest = figure.subplots(1, 4 if plane else 3)
        gradient.hist(norms, bins=50)
        gradient.axvline(1.0, color="black", linewidth=1)
        gradient.set(title="gradient norms of D", xlabel="|grad D(x)|", ylabel="points between data and fakes")
        weight.hist(weights, bins=100)
        for clip in clips:
            weight.axvline(-clip, color="red", linewidth=1)
            weight.axvline(clip, color="red", linewidth=1)
        weight.set(title="weights of D", xlabel="weight", yscale="log")
        spectral.bar(range(1, len(kernels) + 1), kernels)
        spectral.set(title="spectral norms of D's kernels", xlabel="kernel")
        spectral.xaxis.get_major_locator().set_params(integer=True)
        for axes in rest:
            ticks, scores = self.surface()
            levels = axes.contourf(ticks, ticks, scores, levels=30)
            figure.colorbar(levels, ax=axes)
            points = self._example().images
            axes.plot(points[:, 0], points[:, 1], ".", color="white", markersize=1)
            axes.set(title="scores of D", aspect="equal")
        path = self.model.run_dir / self.folder / f"step-{self.step:08d}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as temporary:
            figure.savefig(temporary, format="png")


def spectral_norms(network):
    """The largest singular value of each kernel that is trained, as its layer computes with it, in the order of layers.

    Example:
        >>> import keras
        >>> network = keras.Sequential([keras.Input([2]), keras.layers.Dense(2, kernel_initializer="ones")])
        >>> spectral_norms(network)
        [2.0]
    """
    norms, wrapped = [], set()
    for layer in network._flatten_layers():
        if isinstance(layer, SpectralNormalization):
            wrapped.add(layer.layer)
            norms.append(_norm(layer.normalized_kernel.numpy(), layer.layer))
        elif layer not in wrapped:
            own = [variable for variable in layer._trainable_variables if len(variable.shape) > 1]
            norms += [_norm(variable.numpy(), layer) for variable in own]
    return norms


def _norm(kernel, layer):
    if type(layer).__name__ in TRANSPOSED:
        kernel = np.swapaxes(kernel, -1, -2)
    return float(np.linalg.norm(kernel.reshape(-1, kernel.shape[-1]).astype(np.float64), 2))
