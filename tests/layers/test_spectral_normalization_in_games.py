"""When power iterations happen, on how many devices, and what goes on after a load."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

import kgan
from kgan.games import averages
from kgan.layers import MinibatchDiscrimination, MinibatchStddev, SpectralNormalization
from kgan.regularizers import GradientPenalty
from tests.conftest import numbers


def networks(*more):
    """A generator and a discriminator of two normalised layers each; `more` layers for the discriminator."""
    dense = lambda *args, **kw: SpectralNormalization(layers.Dense(*args, **kw))  # noqa: E731
    generator = keras.Sequential([keras.Input([3]), dense(8, activation="elu"), dense(2)])
    discriminator = keras.Sequential([keras.Input([2]), dense(8, activation="softplus"), *more, dense(1)])
    return generator, discriminator


def game(objective=kgan.WGANGP, rate=0.01, optimizer=keras.optimizers.SGD, compiled=None, **options):
    gan = objective(*networks(), **{"discriminator_steps": 2, "ema": 0.9, **options})
    gan.compile(
        generator_optimizer=optimizer(rate), discriminator_optimizer=optimizer(rate), **(compiled or {})
    )  # fmt: skip
    return gan


def normalized(network):
    return [layer for layer in network._flatten_layers() if isinstance(layer, SpectralNormalization)]


def disturb(gan):
    """Gives every u a value far from the singular vector."""
    for network in (gan.generator, gan.discriminator, gan.ema_generator):
        for layer in normalized(network):
            layer.u.assign(tf.linspace(1.0, 0.5, layer.u.shape[0]))


def iterated(layer, times):
    kernel, u = layer.kernel.numpy().T.astype("float64"), np.linspace(1.0, 0.5, layer.u.shape[0])
    for _ in range(times):
        u = kernel @ kernel.T @ u
        u /= np.linalg.norm(u)
    return u


def batches(x, size=24):
    return tf.data.Dataset.from_tensor_slices(x).batch(size, drop_remainder=True)


@pytest.mark.parametrize(
    "compiled", [{}, {"run_eagerly": True}, pytest.param({"jit_compile": True}, marks=pytest.mark.slow)]
)
def test_one_power_iteration_for_each_update(ring, compiled):
    """A step of three discriminator updates at a learning rate of 0, where only the iterations move u."""
    gan = game(kgan.WGAN, rate=0.0, compiled=compiled, clip=10.0, discriminator_steps=3)
    disturb(gan)
    gan.train_on_batch(tf.constant(ring[:24]))
    for network, times in ((gan.discriminator, 3), (gan.generator, 1)):
        for layer in normalized(network):
            np.testing.assert_allclose(layer.u, iterated(layer, times), atol=1e-5)


def test_nothing_is_iterated_when_nothing_learns(ring):
    gan = game(kgan.StandardGAN)
    disturb(gan)
    before = [weight.numpy() for weight in gan.weights]
    gan.test_on_batch(ring[:24])
    gan.inspect(ring[:24])
    gan.evaluate(ring[:48], batch_size=24, verbose=0)
    gan.predict(np.zeros([4, 3], "float32"), verbose=0)
    gan.sample(4)
    for old, weight in zip(before, gan.weights, strict=True):
        np.testing.assert_array_equal(old, weight.numpy())


@pytest.mark.parametrize("objective", [kgan.StandardGAN, kgan.WGAN])
def test_sigma_follows_the_weights(ring, objective):
    gan = game(objective, rate=1e-3, optimizer=keras.optimizers.Adam)
    gan.fit(batches(ring), epochs=5, verbose=0)
    for network in (gan.generator, gan.discriminator, gan.ema_generator):
        for layer in normalized(network):
            exact = np.linalg.norm(layer.kernel.numpy(), 2)
            assert float(layer.sigma) == pytest.approx(exact, rel=0.01), network.name
            assert np.linalg.norm(layer.u) == pytest.approx(1, rel=1e-6)


@pytest.mark.slow
def test_two_replicas_equal_one_device(ring, replicas):
    one = game(kgan.StandardGAN, rate=0.003, regularizers=[GradientPenalty(1.0)])
    with replicas.scope():
        two = game(kgan.StandardGAN, rate=0.003, regularizers=[GradientPenalty(1.0)])
    disturb(one)
    two.set_weights(one.get_weights())
    for gan in (one, two):
        gan.fit(batches(ring), epochs=4, verbose=0)
    for a, b in zip(one.weights, two.weights, strict=True):
        np.testing.assert_allclose(a.numpy(), b.numpy(), atol=1e-6)
    for variable in two.weights:  # and every replica holds the same
        a, b = (value.numpy() for value in variable.value.values)
        np.testing.assert_array_equal(a, b)


@pytest.mark.few(1)
@pytest.mark.parametrize("way", ["keras", "weights"])
def test_saved_and_loaded_it_goes_on_bitwise(ring, tmp_path, way):
    gan = game(kgan.StandardGAN, optimizer=keras.optimizers.Adam)
    disturb(gan)
    gan.fit(batches(ring), verbose=0)
    if way == "keras":
        gan.save(tmp_path / "gan.keras")
        loaded = keras.models.load_model(tmp_path / "gan.keras")
    else:
        gan.save_weights(tmp_path / "gan.weights.h5")
        loaded = game(kgan.StandardGAN, optimizer=keras.optimizers.Adam)
        loaded.load_weights(tmp_path / "gan.weights.h5")
    for model in (gan, loaded):
        model.fit(batches(ring), verbose=0)
    for a, b in zip(numbers(gan), numbers(loaded), strict=True):
        np.testing.assert_array_equal(a, b)


def test_the_averaged_generator_divides_by_the_norm_of_its_own_kernel():
    """Between two kernels with orthogonal singular vectors, an average of those is none of the average's."""
    gan = game(kgan.StandardGAN, ema=0.99)
    gan.step.assign(10**6)  # long after the beginning, when the average is slow
    live, average = (normalized(network)[1] for network in (gan.generator, gan.ema_generator))
    first, last = np.zeros([8, 2], "float32"), np.zeros([8, 2], "float32")
    first[0, 0], last[1, 1] = 3.0, 2.0
    for layer, kernel, u in ((average, first, [1.0, 0.0]), (live, last, [0.0, 1.0])):
        layer.kernel.assign(kernel)
        layer.u.assign(u)
    for _ in range(110):
        averages.follow(gan.ema_generator, gan.generator, gan.ema, gan.step.value)
        gan.power_iterate(gan.ema_generator)
    kept = 0.99**110
    np.testing.assert_allclose(average.kernel, kept * first + (1 - kept) * last, atol=1e-5)
    assert float(average.sigma) == pytest.approx(2 * (1 - kept), rel=1e-3)


def test_a_critic_is_1_lipschitz_layer_by_layer_after_training(ring):
    gan = game(kgan.StandardGAN, rate=0.05, regularizers=[GradientPenalty(1.0)])
    gan.fit(batches(ring), epochs=10, verbose=0)
    x = tf.constant(ring)
    with tf.GradientTape() as tape:
        tape.watch(x)
        scores = gan.discriminator(x)
    # softplus has slopes below 1; one iteration behind the weights, sigma is a little too small.
    assert float(tf.reduce_max(tf.norm(tape.gradient(scores, x), axis=1))) < 1.02


@pytest.mark.parametrize("layer", [MinibatchDiscrimination, MinibatchStddev])
def test_layers_that_compare_the_examples_of_a_batch_are_refused_on_several_replicas(replicas, layer):
    for scope, refused in ((replicas.scope(), True), (tf.distribute.get_strategy().scope(), False)):
        with scope:
            gan = kgan.StandardGAN(*networks(layer(name="all")))
            if refused:
                with pytest.raises(
                    ValueError, match="discriminator's 'all' compares the examples of a batch, of which"
                ):
                    gan.compile(generator_optimizer="adam", discriminator_optimizer="adam")
            else:
                gan.compile(generator_optimizer="adam", discriminator_optimizer="adam")
