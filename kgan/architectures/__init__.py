"""Networks: generators from latents to images, discriminators from images to raw scores."""

from kgan.architectures.began import BEGANDiscriminator, BEGANGenerator
from kgan.architectures.dcgan import DCGANDiscriminator, DCGANGenerator
from kgan.architectures.encoders import DCGANEncoder, MLPEncoder
from kgan.architectures.gaussian import GaussianGenerator
from kgan.architectures.joint import MLPJointDiscriminator
from kgan.architectures.mlp import MLPAutoencoder, MLPDiscriminator, MLPGenerator, MLPGenerators
from kgan.architectures.network import Network
from kgan.architectures.r3gan import R3GANDiscriminator, R3GANGenerator
from kgan.architectures.resnet import ResNetDiscriminator, ResNetGenerator
from kgan.architectures.sndcgan import SNDCGANDiscriminator, SNDCGANGenerator
from kgan.architectures.translators import PatchDiscriminator, ResidualTranslator

__all__ = [
    "BEGANDiscriminator", "BEGANGenerator", "DCGANDiscriminator", "DCGANEncoder", "DCGANGenerator",
    "GaussianGenerator", "MLPAutoencoder", "MLPDiscriminator", "MLPEncoder", "MLPGenerator", "MLPGenerators",
    "MLPJointDiscriminator", "Network", "PatchDiscriminator", "R3GANDiscriminator", "R3GANGenerator",
    "ResNetDiscriminator", "ResNetGenerator", "ResidualTranslator", "SNDCGANDiscriminator", "SNDCGANGenerator",
]  # fmt: skip
