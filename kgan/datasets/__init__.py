"""Data sets: random access, stored units, and a stream whose order is a function of the position."""

from kgan.datasets.cifar10 import CIFAR10
from kgan.datasets.dataset import Dataset
from kgan.datasets.domains import Domains
from kgan.datasets.fashion_mnist import FashionMNIST
from kgan.datasets.image_folder import ImageFolder
from kgan.datasets.mixtures import GridOfGaussians, ParallelLines, RingOfGaussians, SwissRoll
from kgan.datasets.mnist import MNIST
from kgan.datasets.npz import NPZ
from kgan.datasets.showers import Showers
from kgan.datasets.tfds import TFDS
from kgan.datasets.views import Negative, Part, Turned, View

__all__ = [
    "CIFAR10",
    "MNIST",
    "NPZ",
    "TFDS",
    "Dataset",
    "Domains",
    "FashionMNIST",
    "GridOfGaussians",
    "ImageFolder",
    "Negative",
    "ParallelLines",
    "Part",
    "RingOfGaussians",
    "Showers",
    "SwissRoll",
    "Turned",
    "View",
]
