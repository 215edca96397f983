"""The least squares GAN."""

import keras

from kgan.losses import AdversarialLoss, LeastSquares
from kgan.objectives.adversarial.standard_gan import StandardGAN


class LSGAN(StandardGAN):
    """The GAN with least squares losses. Mao et al. 2017, equations 2 and 9 (https://arxiv.org/abs/1611.04076).

    With `adversarial_loss=LeastSquares(1.0, -1.0, 0.0)`, equation 8, the generator descends half a Pearson
    divergence.

    Args:
        generator, discriminator, discriminator_steps, regularizers, ema, prior, seed, augment, replay, top_k, kind: see
            `StandardGAN`.
        adversarial_loss: `LeastSquares()` by default, targets 1 for data and 0 for fakes.

    Example:
        >>> import kgan
        >>> gan = LSGAN(
        ...     kgan.architectures.MLPGenerator(data_shape=(2,), latent_dim=2),
        ...     kgan.architectures.MLPDiscriminator(data_shape=(2,)),
        ... )
        >>> gan.adversarial_loss.real_labels
        1.0
    """

    def __init__(
        self,
        generator: keras.Model,
        discriminator: keras.Model,
        adversarial_loss: AdversarialLoss = LeastSquares(),
        **options,
    ):
        super().__init__(generator, discriminator, adversarial_loss=adversarial_loss, **options)
