"""Networks: generators from latents to images, discriminators from images to raw scores."""

from kgan.architectures.dcgan import DCGANDiscriminator, DCGANGenerator
from kgan.architectures.mlp import MLPDiscriminator, MLPGenerator
from kgan.architectures.network import Network

__all__ = ["DCGANDiscriminator", "DCGANGenerator", "MLPDiscriminator", "MLPGenerator", "Network"]
