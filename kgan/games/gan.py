"""The cast of two: a generator and a discriminator, with the seven verbs in which algorithms are written."""

import keras
import tensorflow as tf

from kgan.augment import Augmentation
from kgan.games.latent_variable_model import LatentVariableModel
from kgan.games.portrait import portrait
from kgan.guards.outputs import check_scores
from kgan.kinds import Kind
from kgan.priors import Normal, Prior, get
from kgan.ranges import Decay, Seed, Steps
from kgan.regularizers import Regularizer
from kgan.tricks.replay import Replay, Ring
from kgan.tricks.top_k import TopK


class GAN(LatentVariableModel):
    """What all algorithms with one generator and one discriminator share.

    `fit` takes batches of `discriminator_steps` times the minibatch: images, or (images, labels), as
    floats in [-1, 1]. Calling the model on latents runs the averaged generator, and so do `predict`,
    `sample`, the scores and the export.

    Args:
        generator: Keras model from latents [N, latent_dim], or from [latents, labels], to images.
            Noise layers of Keras in it, such as Dropout, are at work in training alone, and on one device alone; those
            of kgan.layers on several too, and on request also when samples are made.
        discriminator: Keras model from images, or from [images, labels], to raw scores.
        discriminator_steps: k, updates of the discriminator per update of the generator.
        regularizers: `kgan.regularizers`, terms of the discriminator's loss, or of those of the players that they name.
        ema: decay of the generator's exponential moving average, in [0, 1); 0 for the last weights.
        prior: of the latents, a value of `kgan.priors`; "normal" is N(0, I), "uniform" U[-1, 1].
        seed: of every random number of the training.
        augment: a `kgan.augment` value that changes the images which the discriminator sees in training, real and fake.
        replay: a `kgan.replay.Replay`, with which it also sees past fakes.
        kind: what an example is, a `kgan.kinds.Kind`; None for what its shape usually means.
    """

    players: tuple[str, ...] = ("generator", "discriminator")
    judges = ("discriminator",)
    reports: tuple[str, ...] = ("d_loss", "g_loss")
    takes = {"generator": ("latents", "labels"), "discriminator": ("images", "labels")}

    # The d_loss of a discriminator that is always right, for objectives that have one.
    perfect_d_loss: float | None = None

    # Whether the loss compares each fake with a sample of the data that has the same label.
    paired = False

    # From which fakes the generator learns, for objectives that let it choose.
    top_k: TopK | None = None

    def __init__(
        self,
        generator: keras.Model,
        discriminator: keras.Model,
        discriminator_steps: Steps = 1,
        regularizers: tuple[Regularizer, ...] = (),
        ema: Decay = 0.999,
        prior: Prior = Normal(),
        seed: Seed = 0,
        augment: Augmentation | None = None,
        replay: Replay | None = None,
        kind: Kind | None = None,
    ):
        super().__init__()
        self.hold(generator=generator, discriminator=discriminator)
        self._check_networks()
        if augment is not None:
            augment.check(tuple(generator.output_shape[1:]))
        self.discriminator_steps = discriminator_steps
        self.regularizers = tuple(regularizers)
        self.ema, self.prior, self.seed = ema, get(prior), seed
        self.augment, self.replay, self.kind = augment, replay, kind
        self._heads = self.order_of_outputs()
        self.ring = None if replay is None else self._ring(replay)
        self._start()

    def _check_networks(self):
        if len(self.generator.outputs) != 1:
            raise ValueError(f"The generator must return images alone; it has {len(self.generator.outputs)} outputs.")
        made = tuple(self.generator.outputs[0].shape[1:])
        seen = tuple(self.inputs_of["discriminator"].tensor("images").shape[1:])
        if made != seen:
            raise ValueError(
                f"The generator makes {made}, but the discriminator takes {seen}; give both the same shape."
            )

    def order_of_outputs(self):
        """The indices of the discriminator's outputs in the order in which `judge` gives them: here of one output.

        Raises:
            ValueError: the outputs are not what the objective takes: raw scores, [N, 1] or patches [N, h, w, 1].
        """
        if len(self.discriminator.outputs) != 1:
            raise ValueError(
                f"{type(self).__name__} takes a discriminator with one output, raw scores; this one has "
                f"{len(self.discriminator.outputs)}. (ACGAN and InfoGAN take two.)"
            )
        check_scores(self.discriminator)
        return (0,)

    @property
    def saturates(self):
        """Whether the discriminator's loss is flat where it is right and the scores are far from 0."""
        loss = getattr(self, "adversarial_loss", None)
        return loss is not None and loss.saturates

    @property
    def num_minibatches(self):
        return self.discriminator_steps

    # --- the verbs ---

    def generate(self, like):
        """Images of the live generator, as many as `like` has and with its labels: a Batch."""
        latents = self._latents(self.draws("latents"), tf.shape(like.images)[0])
        return like.replace(images=self.generated(latents, like.labels))

    def fakes(self, like):
        """What the discriminator is shown: `generate`, detached; with `replay`, some of them from the past."""
        fake = self.generate(like)
        fake = fake.replace(images=tf.stop_gradient(fake.images))
        if self.ring is None or self._moment.observing:
            return fake
        return self.ring.mixed(fake, self.draws("replay"))

    def _ring(self, replay):
        if self.paired and self.conditional:
            raise ValueError(
                f"{type(self).__name__} compares each fake with data of the same label, and past fakes have other "
                f"ones; leave replay out, or the labels."
            )
        tensors = [roles.tensor("labels") for roles in self.inputs_of.values()]
        labels = next((tensor for tensor in tensors if tensor is not None), None)
        return Ring(replay.capacity, replay.share, self.generator.output_shape[1:], labels)

    def score(self, batch):
        """The discriminator's raw scores of a Batch, float32."""
        return self.judge(batch)[0]

    def judge(self, batch):
        """All that a discriminator with several heads says of a Batch, float32: first the scores."""
        return self.outputs(self.shown(batch))

    def shown(self, batch):
        """A Batch as the discriminator sees it: augmented, in training; each look has its own random numbers."""
        if self.augment is None or self._moment.observing:
            return batch
        self._moment.looks += 1
        draws = self.draws(f"augment {self._moment.looks}")
        return batch.replace(images=self.augment(batch.images, draws, self.step.value))

    def top_k_gradients(self, scores):
        """The scores of fakes, all of them; where `top_k` is set, only the best pass a gradient to the generator."""
        return scores if self.top_k is None or self._moment.observing else self.top_k(scores, self.step.value)

    def outputs(self, batch):
        """What the discriminator says of a Batch that is already as it shall see it: a list, float32."""
        outputs = tf.nest.flatten(self.run(self.discriminator, **batch.parts))
        return [outputs[index] for index in self._heads]

    def score_of(self, network):
        return self.score

    def _check_layers(self):
        super()._check_layers()
        if self.replay is not None and self.distribute_strategy.num_replicas_in_sync > 1:
            raise ValueError(
                "replay keeps one ring of fakes, of which each replica makes a part; train on one device, or leave it "
                "out."
            )

    def _portrait(self, data):
        """How the scores and the examples of one minibatch are spread."""
        real = self.minibatch(data)
        fake = self.fakes(real)
        return portrait([self.score(batch) for batch in (real, fake)], real.images, fake.images)
