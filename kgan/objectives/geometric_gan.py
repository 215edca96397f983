"""The GAN with a margin."""

import keras

from kgan.augment import Augmentation
from kgan.losses import AdversarialLoss, Hinge
from kgan.objectives.standard_gan import StandardGAN
from kgan.regularizers import Regularizer
from kgan.replay import Replay
from kgan.top_k import TopK


class GeometricGAN(StandardGAN):
    """The GAN with the hinge loss. Lim & Ye 2017 (https://arxiv.org/abs/1705.02894).

    The discriminator is a support vector machine on its own features, and the generator moves along the normal of the
    separating hyperplane.

    Args:
        generator, discriminator, discriminator_steps, regularizers, ema, prior, seed, augment, replay, top_k: see
            `StandardGAN`.
        adversarial_loss: `Hinge()` by default.

    Example:
        >>> import kgan
        >>> gan = GeometricGAN(
        ...     kgan.architectures.MLPGenerator(data_shape=(2,), latent_dim=2),
        ...     kgan.architectures.MLPDiscriminator(data_shape=(2,)),
        ... )
        >>> gan.perfect_d_loss
        0.0
    """

    def __init__(
        self,
        generator: keras.Model,
        discriminator: keras.Model,
        adversarial_loss: AdversarialLoss = Hinge(),
        discriminator_steps: int = 1,
        regularizers: tuple[Regularizer, ...] = (),
        ema: float = 0.999,
        prior: str = "normal",
        seed: int = 0,
        augment: Augmentation | None = None,
        replay: Replay | None = None,
        top_k: TopK | None = None,
    ):
        super().__init__(
            generator,
            discriminator,
            adversarial_loss,
            discriminator_steps,
            regularizers,
            ema,
            prior,
            seed,
            augment,
            replay,
            top_k,
        )
