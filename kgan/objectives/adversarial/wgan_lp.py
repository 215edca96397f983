"""The Wasserstein GAN with a one-sided penalty."""

import keras

from kgan.objectives.adversarial.wgan_gp import WGANGP
from kgan.regularizers import LipschitzPenalty, Regularizer


class WGANLP(WGANGP):
    """WGAN-LP: the WGAN-GP's algorithm with the one-sided penalty. Petzka et al. 2018, equation 8
    (https://arxiv.org/abs/1709.08894).

    Args:
        generator, discriminator, discriminator_steps, ema, prior, seed, augment, replay, top_k, kind: see `WGANGP`.
        regularizers: the penalty, `LipschitzPenalty(10.0)` by default.

    Example:
        >>> import kgan
        >>> gan = WGANLP(
        ...     kgan.architectures.MLPGenerator(data_shape=(2,), latent_dim=2),
        ...     kgan.architectures.MLPDiscriminator(data_shape=(2,)),
        ... )
        >>> gan.regularizers[0].weight
        10.0
    """

    def __init__(
        self,
        generator: keras.Model,
        discriminator: keras.Model,
        *,
        regularizers: tuple[Regularizer, ...] = (LipschitzPenalty(10.0),),
        **options,
    ):
        super().__init__(generator, discriminator, regularizers=regularizers, **options)
