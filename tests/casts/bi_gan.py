from kgan.architectures import MLPEncoder, MLPGenerator, MLPJointDiscriminator


def networks(shape):
    small = {"latent_dim": 3, "units": (8, 8)}
    return MLPGenerator(shape, **small), MLPEncoder(shape, **small), MLPJointDiscriminator(shape, **small)
