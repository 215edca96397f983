"""The GAN of an f-divergence."""

import keras

from kgan.augment import Augmentation
from kgan.losses import FDivergence
from kgan.objectives.standard_gan import StandardGAN
from kgan.regularizers import Regularizer
from kgan.replay import Replay
from kgan.top_k import TopK


class FGAN(StandardGAN):
    """f-GAN: the generator descends a chosen f-divergence. Nowozin et al. 2016, Algorithm 1, alternating
    (https://arxiv.org/abs/1606.00709).

    -d_loss estimates the divergence from below.

    Args:
        generator, discriminator, discriminator_steps, regularizers, ema, prior, seed, augment, replay, top_k: see
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

    def __init__(
        self,
        generator: keras.Model,
        discriminator: keras.Model,
        divergence: str = "kl",
        alternative: bool = False,
        discriminator_steps: int = 1,
        regularizers: tuple[Regularizer, ...] = (),
        ema: float = 0.999,
        prior: str = "normal",
        seed: int = 0,
        augment: Augmentation | None = None,
        replay: Replay | None = None,
        top_k: TopK | None = None,
    ):
        loss = FDivergence(divergence, alternative)
        super().__init__(
            generator, discriminator, loss, discriminator_steps, regularizers, ema, prior, seed, augment, replay, top_k
        )
        self.divergence, self.alternative = divergence, alternative
