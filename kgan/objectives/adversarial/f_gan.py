"""The GAN of an f-divergence."""

import keras

from kgan.losses import FDivergence
from kgan.objectives.adversarial.standard_gan import StandardGAN


class FGAN(StandardGAN):
    """f-GAN: the generator descends a chosen f-divergence. Nowozin et al. 2016, Algorithm 1, alternating
    (https://arxiv.org/abs/1606.00709).

    -d_loss estimates the divergence from below.

    Args:
        generator, discriminator, discriminator_steps, regularizers, ema, prior, seed, augment, replay, top_k, kind: see
            `StandardGAN`.
        divergence: "kl", "reverse_kl", "pearson", "squared_hellinger", "jensen_shannon" or "gan", see
            `kgan.losses.FDivergence`.
        alternative: the generator's loss of the paper's section 3.2.

    Example:
        >>> import kgan
        >>> gan = FGAN(
        ...     kgan.architectures.MLPGenerator(data_shape=(2,), latent_dim=2),
        ...     kgan.architectures.MLPDiscriminator(data_shape=(2,)),
        ...     divergence="squared_hellinger",
        ... )
        >>> gan.perfect_d_loss  # less 2, the divergence of distributions that do not overlap
        -2.0
    """

    fixes = {"adversarial_loss"}

    def __init__(
        self,
        generator: keras.Model,
        discriminator: keras.Model,
        divergence: str = "kl",
        alternative: bool = False,
        **options,
    ):
        super().__init__(generator, discriminator, adversarial_loss=FDivergence(divergence, alternative), **options)
        self.divergence, self.alternative = divergence, alternative
