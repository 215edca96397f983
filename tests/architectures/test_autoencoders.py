"""Shapes of figure 1 of BEGAN's paper, and of the perceptron."""

import keras
import numpy as np
import pytest

import kgan
from kgan.architectures import BEGANDiscriminator, BEGANGenerator, MLPAutoencoder


def convolutions(network):
    return [layer.output.shape[1:] for layer in network.layers if isinstance(layer, keras.layers.Conv2D)]


def test_at_32_pixels_it_is_figure_1():
    n = 4
    encoder = [(32, 32, n)] * 3 + [(16, 16, 2 * n)] * 3 + [(8, 8, 3 * n)] * 3
    decoder = [(8, 8, n)] * 2 + [(16, 16, n)] * 2 + [(32, 32, n)] * 2 + [(32, 32, 3)]
    assert convolutions(BEGANDiscriminator((32, 32, 3), width=n)) == encoder + decoder
    assert convolutions(BEGANGenerator((32, 32, 3), width=n)) == decoder


def test_the_generator_has_the_decoders_weights_in_number():
    generator, network = BEGANGenerator((16, 16, 1), width=4), BEGANDiscriminator((16, 16, 1), width=4)
    shapes = [weight.shape for weight in generator.weights]
    assert [weight.shape for weight in network.weights][-len(shapes) :] == shapes


@pytest.mark.parametrize("shape", [(8, 8, 1), (28, 28, 1), (31, 40, 3), (64, 64, 3), (128, 128, 3)])
def test_reconstructions_have_the_shape_of_the_image(shape):
    network = BEGANDiscriminator(shape, width=2, code_dim=5)
    assert [output.shape[1:] for output in network.outputs] == [shape, (5,)]
    assert BEGANGenerator(shape, latent_dim=5, width=2).output_shape[1:] == shape


@pytest.mark.parametrize("network", [MLPAutoencoder((3,), (6,), 2), BEGANDiscriminator((8, 8, 1), 2, 2)])
def test_the_reconstruction_is_a_function_of_the_code(network):
    x = np.random.default_rng(0).normal(size=[4, *network.inputs[0].shape[1:]]).astype("float32")
    reconstruction, code = network(x)
    decoder = keras.Model(network.outputs[1], network.outputs[0])
    np.testing.assert_allclose(decoder(code), reconstruction, atol=1e-5)
    assert np.abs(code).max() > 0 and np.abs(reconstruction).max() > 0


@pytest.mark.skipif(not hasattr(kgan, "BEGAN"), reason="the objective is not there")
def test_games_of_autoencoders():
    x = np.tanh(np.random.default_rng(0).normal(size=[8, 8, 8, 1]).astype("float32"))
    generator = BEGANGenerator((8, 8, 1), latent_dim=2, width=2)
    for game in (
        kgan.BEGAN(generator, BEGANDiscriminator((8, 8, 1), width=2, code_dim=2), prior="uniform"),
        kgan.EBGAN(generator, BEGANDiscriminator((8, 8, 1), width=2, code_dim=2), pulling_away=0.1),
    ):
        game.compile(generator_optimizer="adam", discriminator_optimizer="adam")
        history = game.fit(x, batch_size=4, verbose=0).history
        assert np.isfinite(history["g_loss"]).all()
