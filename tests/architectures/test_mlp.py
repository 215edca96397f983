"""Perceptrons for vectors and images."""

import keras
import numpy as np
import pytest

from kgan.architectures import MLPDiscriminator, MLPEncoder, MLPGenerator, MLPJointDiscriminator
from kgan.layers import BatchNormalization, LayerNormalization


def test_the_papers_four_layers_of_512():
    generator = MLPGenerator(data_shape=(64, 64, 3))
    widths = [layer.units for layer in generator.layers if isinstance(layer, keras.layers.Dense)]
    assert widths == [512, 512, 512, 512, 64 * 64 * 3]


def test_images_are_bounded_and_vectors_are_not():
    z = 100 * np.ones([1, 4], "float32")
    assert np.abs(MLPGenerator(data_shape=(8, 8, 1), latent_dim=4)(z)).max() <= 1
    assert np.abs(MLPGenerator(data_shape=(2,), latent_dim=4)(z)).max() > 1


def test_he_initialisation():
    kernel = MLPDiscriminator(data_shape=(512,)).trainable_weights[0].numpy()
    assert kernel.std() == pytest.approx(np.sqrt(2 / 512), rel=0.02)


@pytest.mark.parametrize("network", [MLPGenerator, MLPDiscriminator])
def test_wrong_arguments_get_a_sentence(network):
    with pytest.raises(ValueError, match="data_shape must be"):
        network(data_shape=(2, 2, 2, 2))
    with pytest.raises(ValueError, match="units must be from 1 to 65536"):
        network(data_shape=(2,), units=(8, 0))
    with pytest.raises(ValueError, match="units must be from 1 to 65536"):
        network(data_shape=(2,), units=())
    with pytest.raises(ValueError, match="units must be from 1 to 65536; got"):
        network(data_shape=(2,), units=(10**9,))
    with pytest.raises(ValueError, match=r"they make 4,\d+,\d+,\d+ weights, and at most 2,147,483,648 may be"):
        network(data_shape=(2,), units=(65536, 65536))


def test_spectral_normalisation_of_every_layer():
    network = MLPDiscriminator(data_shape=(3,), units=(8, 8), normalization="spectral")
    x = np.random.default_rng(0).normal(size=[2, 200, 3]).astype("float32")
    slopes = np.abs(network(x[0]) - network(x[1]))[:, 0] / np.linalg.norm(x[0] - x[1], axis=1)
    assert slopes.max() <= 1.001  # each layer is 1-Lipschitz, and so is LeakyReLU
    assert np.abs(MLPDiscriminator(data_shape=(3,), units=(8, 8))(x[0])).max() > np.abs(network(x[0])).max()
    with pytest.raises(ValueError, match="one of batch, layer, none, spectral, scaled_spectral; got 'instance'"):
        MLPDiscriminator(data_shape=(3,), normalization="instance")
    with pytest.raises(ValueError, match="normalization must be one of batch, layer, none; got 'spectral'"):
        MLPGenerator(data_shape=(3,), normalization="spectral")


@pytest.mark.parametrize("network", [MLPGenerator, MLPDiscriminator, MLPEncoder, MLPJointDiscriminator])
@pytest.mark.parametrize(("name", "layer"), [("batch", BatchNormalization), ("layer", LayerNormalization)])
def test_features_are_normalised_before_every_activation_but_the_first(network, name, layer):
    order = [type(one) for one in network((3,), units=(8, 8, 8), normalization=name).layers]
    kinds = (keras.layers.Dense, layer, keras.layers.ReLU, keras.layers.LeakyReLU)
    order = [one for one in order if one in kinds]
    act = order[1]
    dense = keras.layers.Dense
    assert order == [dense, act, dense, layer, act, dense, layer, act, dense]


def test_activations():
    x = np.array([[-1.0, 2.0]], "float32")
    for name, negative in {"relu": 0.0, "leaky_relu": -0.2, "elu": np.expm1(-1.0)}.items():
        for network in (
            MLPDiscriminator((2,), units=(2,), activation=name),
            MLPGenerator((1,), latent_dim=2, units=(2,), activation=name),
        ):
            network.set_weights([np.eye(2), np.zeros(2), np.array([[1.0], [10.0]]), np.zeros(1)])
            np.testing.assert_allclose(network(x), [[negative + 20]], rtol=1e-6)
    with pytest.raises(ValueError, match="activation must be one of relu, leaky_relu, elu; got 'gelu'"):
        MLPGenerator((2,), activation="gelu")
