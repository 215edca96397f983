"""The games: Keras models whose `train_step` reads like the paper's algorithm box."""

from kgan.games.game import Game
from kgan.games.gan import GAN
from kgan.games.latent_variable_model import LatentVariableModel
from kgan.objectives.adversarial.bs_gan import BSGAN
from kgan.objectives.adversarial.f_gan import FGAN
from kgan.objectives.adversarial.geometric_gan import GeometricGAN
from kgan.objectives.adversarial.lsgan import LSGAN
from kgan.objectives.adversarial.r3gan import R3GAN
from kgan.objectives.adversarial.relativistic_gan import RelativisticGAN
from kgan.objectives.adversarial.sngan import SNGAN
from kgan.objectives.adversarial.standard_gan import StandardGAN
from kgan.objectives.adversarial.wgan import WGAN
from kgan.objectives.adversarial.wgan_gp import WGANGP
from kgan.objectives.adversarial.wgan_lp import WGANLP
from kgan.objectives.conditional.acgan import ACGAN
from kgan.objectives.conditional.infogan import InfoGAN
from kgan.objectives.dynamics.consensus_gan import ConsensusGAN
from kgan.objectives.dynamics.feature_matching_gan import FeatureMatchingGAN
from kgan.objectives.dynamics.historical_averaging_gan import HistoricalAveragingGAN
from kgan.objectives.dynamics.simultaneous_gan import SimultaneousGAN
from kgan.objectives.dynamics.unrolled_gan import UnrolledGAN
from kgan.objectives.energy.began import BEGAN
from kgan.objectives.energy.ebgan import EBGAN
from kgan.objectives.inference.bi_gan import BiGAN
from kgan.objectives.inference.gaussian_sampler import GaussianSampler
from kgan.objectives.inference.vae import VAE
from kgan.objectives.several.mgan import MGAN
from kgan.objectives.translation.cycle_gan import CycleGAN

__all__ = [
    "ACGAN",
    "BEGAN",
    "BSGAN",
    "EBGAN",
    "FGAN",
    "GAN",
    "LSGAN",
    "MGAN",
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
