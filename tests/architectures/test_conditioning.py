"""How labels enter: formulas, units, and games that are played with them."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import kgan
from kgan.architectures import (
    DCGANDiscriminator,
    DCGANGenerator,
    MLPDiscriminator,
    MLPGenerator,
    R3GANGenerator,
    SNDCGANDiscriminator,
)
from kgan.layers import ConditionalBatchNormalization, Projection

RANGES = ((1.0, 100.0), (0.0, 60.0))


def normal(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def test_concatenation_is_one_more_term_of_the_first_layer():
    network = MLPGenerator((2,), latent_dim=4, units=(6,), conditioning="concatenation", num_classes=3)
    kernel, bias, last, end = (weight.numpy() for weight in network.weights)
    z, y = normal(5, 4), np.array([0, 2, 1, 1, 0])
    hidden = np.maximum(z @ kernel[:4] + kernel[4:][y] + bias, 0)
    np.testing.assert_allclose(network([z, y]), hidden @ last + end, atol=1e-5)


def test_conditions_are_scaled_from_their_ranges():
    network = MLPGenerator(
        (2,), latent_dim=4, units=(6,), conditioning="concatenation", num_conditions=2, condition_ranges=RANGES
    )
    plain = MLPGenerator((2,), latent_dim=4, units=(6,), conditioning="concatenation", num_conditions=2)
    plain.set_weights(network.get_weights())
    z = normal(3, 4)
    raw, scaled = [[1, 60], [50.5, 30], [100, 0]], [[-1, 1], [0, 0], [1, -1]]
    np.testing.assert_allclose(network([z, np.float32(raw)]), plain([z, np.float32(scaled)]), atol=1e-5)


def test_labels_are_maps_beside_an_image():
    network = DCGANDiscriminator((8, 8, 1), width=4, conditioning="concatenation", num_classes=3)
    first = network.get_layer(index=[type(layer).__name__ for layer in network.layers].index("Conv2D"))
    assert first.kernel.shape == (4, 4, 1 + 3, 4)
    seen = keras.Model(network.inputs, first.input)([normal(2, 8, 8, 1), np.array([2, 0])])
    np.testing.assert_array_equal(seen[0, ..., 1:], np.broadcast_to([0, 0, 1], [8, 8, 3]))
    np.testing.assert_array_equal(seen[1, ..., 1:], np.broadcast_to([1, 0, 0], [8, 8, 3]))


@pytest.mark.parametrize("normalization", ["none", "spectral", "scaled_spectral"])
def test_projection_is_the_papers_formula(normalization):
    """Miyato & Koyama 2018, equation 4: psi(phi(x)) + <V y, phi(x)>."""
    network = MLPDiscriminator((3,), units=(6,), normalization=normalization, conditioning="projection", num_classes=3)
    x, y = normal(4, 3), np.array([0, 2, 2, 1])
    projection = next(layer for layer in network.layers if isinstance(layer, Projection))
    phi = keras.Model(network.inputs, projection.input[0])([x, y])
    psi = network.get_layer("scores") if normalization == "none" else next(
        layer for layer in network.layers if getattr(getattr(layer, "layer", None), "name", "") == "scores"
    )  # fmt: skip
    divided = normalization == "spectral"
    rows = projection.embedding.normalized_kernel if divided else projection.embedding.embeddings
    expected = psi(phi)[:, 0] + np.sum(np.asarray(rows)[y] * phi, axis=1)
    np.testing.assert_allclose(network([x, y])[:, 0], expected, atol=1e-5)


def test_guesses_are_in_the_labels_units_and_logits_are_not_touched():
    network = MLPDiscriminator(
        (3,), units=(6,), conditioning="auxiliary", num_classes=3, num_conditions=2, condition_ranges=RANGES
    )
    _, guesses = network(normal(4, 3))
    assert guesses.shape == (4, 5)
    head = network.get_layer("guesses")
    raw = keras.Model(network.inputs[0], head.output)(normal(4, 3)).numpy()
    np.testing.assert_allclose(guesses[:, :3], raw[:, :3], atol=1e-6)
    np.testing.assert_allclose(guesses[:, 3:], 0.5 * (raw[:, 3:] + 1) * [99, 60] + [1, 0], rtol=1e-5)


def test_conditional_batch_normalisation_takes_the_place_of_all():
    network = DCGANGenerator((16, 16, 1), latent_dim=4, width=4, conditioning="batch_norm", num_classes=3)
    kinds = [type(layer) for layer in network.layers]
    assert kinds.count(ConditionalBatchNormalization) == 2
    assert keras.layers.BatchNormalization not in kinds
    with pytest.raises(ValueError, match='conditioning "batch_norm" needs normalization "batch"; got \'none\''):
        DCGANGenerator((16, 16, 1), conditioning="batch_norm", num_classes=3, normalization="none")


def test_a_network_without_batch_normalisation_has_no_conditional_one():
    for family in (MLPGenerator, R3GANGenerator):
        shape = {"data_shape": (2,)} if family is MLPGenerator else {"image_shape": (8, 8, 1)}
        with pytest.raises(ValueError, match="conditioning must be None or one of concatenation; got 'batch_norm'"):
            family(**shape, conditioning="batch_norm", num_classes=3)


def test_a_conditional_game_and_its_average():
    generator = DCGANGenerator((8, 8, 1), latent_dim=4, width=4, conditioning="batch_norm", num_classes=3)
    discriminator = SNDCGANDiscriminator((8, 8, 1), width=4, conditioning="projection", num_classes=3)
    gan = kgan.SNGAN(generator, discriminator)
    average = gan.ema_generator
    z, y = normal(6, 4), np.array([0, 1, 2, 0, 1, 2])
    np.testing.assert_allclose(average([z, y]), generator([z, y]), atol=1e-6)
    gan.compile(generator_optimizer="adam", discriminator_optimizer="adam")
    gan.fit(tf.tanh(normal(8, 8, 8, 1)), np.arange(8, dtype="int32") % 3, batch_size=4, verbose=0)
    gamma = [weight for weight in average.weights if "gamma" in weight.path]
    assert gamma and all(np.ptp(weight, axis=0).max() > 0 for weight in gamma)  # the classes have parted
    images = [gan.sample_values(2, labels=label) for label in range(3)]
    assert np.abs(images[0] - images[1]).max() > 1e-5 and np.abs(images[1] - images[2]).max() > 1e-5
