"""The GAN with a margin."""

import keras

from kgan.losses import AdversarialLoss, Hinge
from kgan.objectives.adversarial.standard_gan import StandardGAN


class GeometricGAN(StandardGAN):
    """The GAN with the hinge loss. Lim & Ye 2017 (https://arxiv.org/abs/1705.02894).

    The discriminator is a support vector machine on its own features, and the generator moves along the normal of the
    separating hyperplane.

    Args:
        generator, discriminator, discriminator_steps, regularizers, ema, prior, seed, augment, replay, top_k, kind: see
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
        **options,
    ):
        super().__init__(generator, discriminator, adversarial_loss=adversarial_loss, **options)
