"""Where the data lie: said or refused before the first step, whatever they come in, and never twice."""

import warnings

import keras
import numpy as np
import pytest
import tensorflow as tf

import kgan

# Keras' own words about a generator that ends, and about shuffling.
STOCK = ["ignore:Your input ran out of data", "ignore:.shuffle=True. was passed"]
pytestmark = [pytest.mark.filterwarnings(words) for words in STOCK]

L = keras.layers
SHAPE = (4, 4, 1)
RNG = np.random.default_rng(0)
GOOD = RNG.uniform(-1, 1, (32, *SHAPE)).astype("float32")


def game(activation="tanh", objective=kgan.StandardGAN, shape=SHAPE, **options):
    generator = keras.Sequential(
        [keras.Input([2]), L.Dense(int(np.prod(shape))), L.Activation(activation), L.Reshape(shape)]
    )
    discriminator = keras.Sequential([keras.Input(shape), L.Flatten(), L.Dense(1)])
    gan = objective(generator, discriminator, **options)
    gan.compile(generator_optimizer="sgd", discriminator_optimizer="sgd")
    return gan


class Sequence(keras.utils.PyDataset):
    def __init__(self, x):
        super().__init__()
        self.x = x

    def __len__(self):
        return len(self.x) // 8

    def __getitem__(self, index):
        return (self.x[index * 8 : (index + 1) * 8],)


def stream(x):
    yield from ((x[i : i + 8],) for i in range(0, len(x), 8))


WAYS = {
    "array": lambda gan, x: gan.fit(x, batch_size=8, verbose=0),
    "tensor": lambda gan, x: gan.fit(tf.constant(x), batch_size=8, verbose=0),
    "dataset": lambda gan, x: gan.fit(tf.data.Dataset.from_tensor_slices(x).batch(8), verbose=0),
    "pairs": lambda gan, x: gan.fit(
        tf.data.Dataset.from_tensor_slices((x, np.zeros(len(x)))).batch(8), epochs=2, verbose=0
    ),
    "sequence": lambda gan, x: gan.fit(Sequence(x), verbose=0),
    "generator": lambda gan, x: gan.fit(stream(x), verbose=0),
    "train_on_batch": lambda gan, x: gan.train_on_batch(x),
    "evaluate": lambda gan, x: gan.evaluate(x, verbose=0),
    "validation": lambda gan, x: gan.fit(GOOD, validation_data=(x,), verbose=0),
    "held-out dataset": lambda gan, x: gan.evaluate(tf.data.Dataset.from_tensor_slices(x).batch(8), verbose=0),
}


@pytest.mark.parametrize("way", WAYS)
def test_pixels_that_the_generator_cannot_make_are_refused_before_the_first_step(way):
    gan = game()
    before = gan.get_weights()
    with pytest.raises(ValueError, match=r"tanh, which makes \[-1, 1\] alone.*scale pixels with kgan.images.to_float"):
        WAYS[way](gan, (GOOD + 1) * 127.5)
    for old, new in zip(before, gan.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


@pytest.mark.parametrize("way", WAYS)
def test_pixels_over_255_are_said_once(way):
    gan = game()
    with pytest.warns(UserWarning, match=r"as pixels / 255 have.*take 2 x - 1"):
        WAYS[way](gan, (GOOD + 1) / 2)
    with warnings.catch_warnings(record=True) as again:
        warnings.simplefilter("always")
        WAYS[way](gan, (GOOD + 1) / 2)
    assert not [warning for warning in again if "/ 255" in str(warning.message)]


@pytest.mark.few(3)
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("activation", ["tanh", pytest.param("linear", marks=pytest.mark.slow)])
def test_images_of_the_right_range_train_without_a_remark(way, activation):
    WAYS[way](game(activation), GOOD)


@pytest.mark.parametrize(
    ("activation", "data", "says"),
    [
        ("sigmoid", GOOD, r"ends in sigmoid, which makes \[0, 1\] alone.*end the generator in tanh"),
        ("relu", GOOD, r"ends in relu, which makes \[0, inf\] alone"),
        ("tanh", GOOD * 3, r"scale the data to \[-1, 1\]"),
        ("hard_sigmoid", GOOD, r"ends in hard_sigmoid"),
    ],
)
def test_what_the_generator_cannot_reach_is_refused(activation, data, says):
    with pytest.raises(ValueError, match=says):
        game(activation).fit(data, verbose=0)


@pytest.mark.parametrize(
    ("activation", "data", "says"),
    [
        ("sigmoid", (GOOD + 1) / 2, "would look washed out"),
        ("linear", (GOOD + 1) * 127.5, "as pixels have"),
        ("linear", (GOOD + 1) / 2, "as pixels / 255 have"),
    ],
)
def test_what_is_only_likely_is_said(activation, data, says):
    with pytest.warns(UserWarning, match=says):
        game(activation).fit(data, verbose=0)


@pytest.mark.parametrize(
    ("activation", "data"),
    [
        ("linear", GOOD * 100),  # physics
        ("linear", RNG.exponential(1000, GOOD.shape).astype("float32")),
        ("tanh", np.zeros_like(GOOD)),
        ("tanh", GOOD * 1.05),  # a bicubic resize overshoots
    ],
)
def test_what_may_be_meant_is_left_alone(activation, data):
    game(activation).fit(data, verbose=0)


def test_vectors_may_lie_anywhere_that_the_generator_reaches():
    x = RNG.random((32, 3)).astype("float32")
    game("linear", shape=(3,)).fit(x * 200, verbose=0)
    game("tanh", shape=(3,)).fit(x, verbose=0)
    with pytest.raises(ValueError, match="tanh"):
        game("tanh", shape=(3,)).fit(x * 200, verbose=0)


def test_a_data_set_is_read_once_in_its_own_order():
    """Looking takes no batch away, draws no other shuffle, and adds no reading."""
    reads = []

    def generate():
        for i in range(4):
            reads.append(i)
            yield GOOD[i * 8 : (i + 1) * 8]

    spec = tf.TensorSpec((8, *SHAPE), tf.float32)
    gan = game()
    gan.fit(tf.data.Dataset.from_generator(generate, output_signature=spec), epochs=2, verbose=0)
    assert reads == [0, 1, 2, 3] * 2 and gan.step.numpy() == 8

    def trained(way):
        keras.utils.set_random_seed(0)
        gan = game()
        x = tf.data.Dataset.from_tensor_slices(GOOD).shuffle(32, seed=1).batch(8)
        if way == "kgan":
            gan.fit(x, epochs=2, verbose=0)
        else:
            keras.Model.fit(gan, x, epochs=2, verbose=0)
        return gan.get_weights()

    for a, b in zip(trained("kgan"), trained("Keras"), strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_data_set_of_ones_own_is_looked_at_too():
    class Mine(kgan.datasets.RingOfGaussians):
        data_shape = SHAPE

        def batch(self, indices):
            return kgan.batch.Batch(np.full([len(indices), *SHAPE], 200.0, "float32"))

        def encode(self, images):
            return images

    with pytest.raises(ValueError, match="to_float"):
        game().fit(Mine().batches(8), steps_per_epoch=1, verbose=0)


def test_an_autoencoder_that_cannot_make_the_data_is_refused():
    x = keras.Input(SHAPE)
    squashed = keras.Model(x, L.Reshape(SHAPE)(L.Dense(16, activation="sigmoid")(L.Flatten()(x))))
    generator = keras.Sequential([keras.Input([2]), L.Dense(16, activation="tanh"), L.Reshape(SHAPE)])
    gan = kgan.EBGAN(generator, squashed)
    gan.compile(generator_optimizer="sgd", discriminator_optimizer="sgd")
    with pytest.raises(ValueError, match=r"The discriminator ends in sigmoid, which makes \[0, 1\] alone"):
        gan.fit(GOOD, verbose=0)


def test_replicas_look_too(replicas):
    with replicas.scope():
        gan = game()
    with pytest.raises(ValueError, match="to_float"):
        gan.fit((GOOD + 1) * 127.5, batch_size=8, verbose=0)
    with pytest.raises(ValueError, match="to_float"):
        gan.fit(tf.data.Dataset.from_tensor_slices((GOOD + 1) * 127.5).batch(8, drop_remainder=True), verbose=0)
