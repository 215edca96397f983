"""The games: Keras models whose `train_step` reads like the paper's algorithm box."""

from kgan.objectives.game import Game
from kgan.objectives.gan import GAN
from kgan.objectives.standard_gan import StandardGAN
from kgan.objectives.wgan import WGAN
from kgan.objectives.wgan_gp import WGANGP
from kgan.objectives.wgan_lp import WGANLP

__all__ = ["GAN", "WGAN", "WGANGP", "WGANLP", "Game", "StandardGAN"]
