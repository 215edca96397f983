"""The boundary-seeking GAN."""

import keras

from kgan.losses import AdversarialLoss, BoundarySeeking
from kgan.objectives.adversarial.standard_gan import StandardGAN


class BSGAN(StandardGAN):
    """The boundary-seeking GAN for continuous data. Hjelm et al. 2018, section 3 (https://arxiv.org/abs/1702.08431).

    Args:
        generator, discriminator, discriminator_steps, regularizers, ema, prior, seed, augment, replay, top_k, kind: see
            `StandardGAN`.
        adversarial_loss: `BoundarySeeking()` by default.

    Example:
        >>> import kgan
        >>> gan = BSGAN(
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
        adversarial_loss: AdversarialLoss = BoundarySeeking(),
        **options,
    ):
        super().__init__(generator, discriminator, adversarial_loss=adversarial_loss, **options)
