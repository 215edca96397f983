"""The regularised relativistic GAN."""

import keras

from kgan.objectives.adversarial.relativistic_gan import RelativisticGAN
from kgan.regularizers import R1, R2, Regularizer
from kgan.remarks import remark


class R3GAN(RelativisticGAN):
    """R3GAN's loss: the relativistic pairing GAN with R1 and R2. Huang et al. 2024, equations 2 to 4
    (https://arxiv.org/abs/2501.05441).

    The paper's second half, its architecture, is not part of it, nor are the schedules of its training: on CIFAR-10
    gamma falls from 0.05 to 0.005, with Adam(2e-4, beta_1=0). It has neither batch normalisation nor spectral norms.

    Args:
        generator, discriminator, discriminator_steps, ema, prior, seed, augment, replay, kind: see `RelativisticGAN`.
        regularizers: `(R1(0.05), R2(0.05))` by default: gamma is their weight, and counts half. The paper tunes it for
            each data set: larger images take more.

    Example:
        >>> import kgan
        >>> gan = R3GAN(
        ...     kgan.architectures.MLPGenerator(data_shape=(2,), latent_dim=2),
        ...     kgan.architectures.MLPDiscriminator(data_shape=(2,)),
        ... )
        >>> [type(regularizer).__name__ for regularizer in gan.regularizers]
        ['R1', 'R2']
    """

    def __init__(
        self,
        generator: keras.Model,
        discriminator: keras.Model,
        *,
        regularizers: tuple[Regularizer, ...] = (R1(0.05), R2(0.05)),
        **options,
    ):
        super().__init__(generator, discriminator, regularizers=regularizers, **options)
        if not self.regularizers:
            remark(
                "R3GAN without R1 and R2 (regularizers is empty) is RelativisticGAN, which the paper finds not to "
                "converge; leave regularizers out for the paper's."
            )
