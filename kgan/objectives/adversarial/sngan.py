"""The GAN with a spectrally normalised discriminator."""

import keras

from kgan.layers import SpectralNormalization
from kgan.losses import AdversarialLoss, Hinge
from kgan.objectives.adversarial.standard_gan import StandardGAN


class SNGAN(StandardGAN):
    """The GAN whose discriminator has spectral normalisation in every layer. Miyato et al. 2018, Algorithm 1 and
    equations 16 and 17 (https://arxiv.org/abs/1802.05957).

    The paper's settings for 32x32 images are Adam(2e-4, beta_1=0, beta_2=0.9) and 5 discriminator steps.

    Args:
        generator, discriminator_steps, regularizers, ema, prior, seed, augment, replay, top_k, kind: see `StandardGAN`.
        discriminator: Keras model from images to raw scores; each of its kernels and embeddings is within a
            `kgan.layers.SpectralNormalization`.
        adversarial_loss: `Hinge()` by default; `NonSaturating()` is the paper's other.

    Raises:
        ValueError: a kernel of the discriminator is not normalised, or has a learned scale.

    Example:
        >>> import kgan
        >>> from kgan.layers import SpectralNormalization
        >>> discriminator = keras.Sequential([
        ...     keras.Input([2]),
        ...     SpectralNormalization(keras.layers.Dense(64)),
        ...     keras.layers.LeakyReLU(0.1),
        ...     SpectralNormalization(keras.layers.Dense(1)),
        ... ])
        >>> gan = SNGAN(kgan.architectures.MLPGenerator(data_shape=(2,), latent_dim=2), discriminator)
    """

    def __init__(
        self,
        generator: keras.Model,
        discriminator: keras.Model,
        adversarial_loss: AdversarialLoss = Hinge(),
        **options,
    ):
        super().__init__(generator, discriminator, adversarial_loss=adversarial_loss, **options)
        layers = list(discriminator._flatten_layers())
        wrapped = [layer for layer in layers if isinstance(layer, SpectralNormalization)]
        scaled = [layer.name for layer in wrapped if layer.learned_scale]
        if scaled:
            raise ValueError(
                f"The discriminator's {scaled[0]!r} has a learned scale, which bounds nothing; leave it out, or use "
                f"GeometricGAN with a gradient penalty."
            )
        normalized = {id(layer.kernel) for layer in wrapped}
        for variable in discriminator.trainable_variables:
            # Vectors are biases and gains; everything else multiplies.
            if len(variable.shape) > 1 and id(variable) not in normalized:
                raise ValueError(
                    f"The discriminator's weight {variable.path!r} has no spectral normalisation; wrap its layer in "
                    f"kgan.layers.SpectralNormalization, or use GeometricGAN, which has the same loss."
                )
