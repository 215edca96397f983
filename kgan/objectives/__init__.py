"""The games: Keras models whose `train_step` reads like the paper's algorithm box."""

from kgan.games.game import Game
from kgan.games.gan import GAN
from kgan.games.latent_variable_model import LatentVariableModel
from kgan.objectives.acgan import ACGAN
from kgan.objectives.began import BEGAN
from kgan.objectives.bi_gan import BiGAN
from kgan.objectives.bs_gan import BSGAN
from kgan.objectives.consensus_gan import ConsensusGAN
from kgan.objectives.ebgan import EBGAN
from kgan.objectives.f_gan import FGAN
from kgan.objectives.feature_matching_gan import FeatureMatchingGAN
from kgan.objectives.gaussian_sampler import GaussianSampler
from kgan.objectives.geometric_gan import GeometricGAN
from kgan.objectives.historical_averaging_gan import HistoricalAveragingGAN
from kgan.objectives.infogan import InfoGAN
from kgan.objectives.lsgan import LSGAN
from kgan.objectives.r3gan import R3GAN
from kgan.objectives.relativistic_gan import RelativisticGAN
from kgan.objectives.simultaneous_gan import SimultaneousGAN
from kgan.objectives.sngan import SNGAN
from kgan.objectives.standard_gan import StandardGAN
from kgan.objectives.translation.cycle_gan import CycleGAN
from kgan.objectives.unrolled_gan import UnrolledGAN
from kgan.objectives.vae import VAE
from kgan.objectives.wgan import WGAN
from kgan.objectives.wgan_gp import WGANGP
from kgan.objectives.wgan_lp import WGANLP

__all__ = [
    "ACGAN",
    "BEGAN",
    "BSGAN",
    "EBGAN",
    "FGAN",
    "GAN",
    "LSGAN",
    "R3GAN",
    "SNGAN",
    "VAE",
    "WGAN",
    "WGANGP",
    "WGANLP",
    "BiGAN",
    "ConsensusGAN",
    "CycleGAN",
    "FeatureMatchingGAN",
    "Game",
    "GaussianSampler",
    "GeometricGAN",
    "HistoricalAveragingGAN",
    "InfoGAN",
    "LatentVariableModel",
    "RelativisticGAN",
    "SimultaneousGAN",
    "StandardGAN",
    "UnrolledGAN",
]
