import kgan
from kgan.architectures import MLPDiscriminator, MLPGenerators


def networks(shape):
    three = {"conditioning": "auxiliary", "labels": kgan.labels.Classes(3)}
    return (
        MLPGenerators(shape, generators=3, latent_dim=3, units=(8, 8)),
        MLPDiscriminator(shape, units=(8, 8), **three),
    )
