"""What is done to images, real and fake alike, before the discriminator sees them."""

from kgan.augment.augmentation import Augmentation
from kgan.augment.diff_augment import DiffAugment
from kgan.augment.instance_noise import InstanceNoise

__all__ = ["Augmentation", "DiffAugment", "InstanceNoise"]
