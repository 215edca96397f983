"""What a trained game is good for: every tool loops over `game.products`."""

from kgan.products.codes import Codes
from kgan.products.mapped import Mapped
from kgan.products.product import Product
from kgan.products.samples import Samples

__all__ = ["Codes", "Mapped", "Product", "Samples"]
