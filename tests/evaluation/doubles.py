"""A cheap extractor with the interface of the real ones, and images to score."""

import numpy as np

import kgan
from kgan.datasets import NPZ


class Projection:
    """Features and logits as fixed random projections of the pixels."""

    def __init__(self, resize="tf1-bilinear-299", verified=True, d=6):
        self.verified, self.d, self.seen = verified, d, 0
        self.extractor = {
            "id": "inception-2015-12-05" if verified else "small@12345678", "weights_sha256": f"{d:064x}",
            "input_resize": resize, "input_scale": None, "dtype": "float32", "tf32": False,
        }  # fmt: skip

    def __call__(self, images):
        self.seen += len(images)
        rows = images.reshape(len(images), -1).astype(np.float64) / 255
        kernel = np.random.default_rng(5).normal(size=(rows.shape[1], 2 * self.d))
        found = (rows @ kernel).astype(np.float32)
        logits = found[:, self.d :]
        return {"features": found[:, : self.d], "logits": logits + 1, "logits_unbiased": logits}


def npz(folder, count=120, side=16, seed=0, labels=False, name="images.npz"):
    """A data set of `count` smooth random images, of two classes where it is labelled."""
    random = np.random.default_rng(seed)
    coarse = random.integers(0, 256, [count, side // 4, side // 4, 1], np.uint8)
    images = coarse.repeat(4, axis=1).repeat(4, axis=2)
    arrays = {"images": images} | ({"labels": random.integers(0, 2, count)} if labels else {})
    np.savez(folder / name, **arrays)
    return NPZ(str(folder / name), labels="labels" if labels else None)


def game(side=16, latent_dim=4):
    gan = kgan.StandardGAN(
        kgan.architectures.DCGANGenerator(image_shape=(side, side, 1), latent_dim=latent_dim, width=8),
        kgan.architectures.DCGANDiscriminator(image_shape=(side, side, 1), width=8),
    )
    gan.compile(generator_optimizer="adam", discriminator_optimizer="adam")
    return gan
