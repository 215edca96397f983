from kgan.architectures import MLPEncoder, MLPGenerator


def networks(shape):
    return MLPGenerator(shape, latent_dim=3, units=(8, 8)), MLPEncoder(shape, latent_dim=3, units=(8, 8))
