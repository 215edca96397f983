import kgan


def networks(shape):
    return (kgan.architectures.GaussianGenerator(data_shape=shape),)
