"""Which layers of Keras lose second derivatives, found by differences; and that games which need them refuse these."""

import inspect

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

import kgan
from kgan.games.second_derivatives import replacement
from kgan.recipe.catalogue import members
from kgan.regularizers import DRAGAN, R1, Regularizer

ROWS, SERIES, IMAGES, VOXELS = [4], [6, 4], [6, 6, 4], [4, 4, 4, 2]

# Layers whose second derivatives are wrong, and what is used instead.
WRONG = {
    "LayerNormalization": (layers.LayerNormalization, IMAGES),
    "LayerNormalization without weights": (lambda: layers.LayerNormalization(center=False, scale=False), ROWS),
    "GroupNormalization": (lambda: layers.GroupNormalization(2), ROWS),
    "GroupNormalization of each channel": (lambda: layers.GroupNormalization(-1), SERIES),
    "BatchNormalization": (layers.BatchNormalization, ROWS),
    "BatchNormalization, renorm": (lambda: layers.BatchNormalization(renorm=True, synchronized=True), ROWS),
    "SpectralNormalization": (lambda: layers.SpectralNormalization(layers.Dense(3)), ROWS),
    "MaxPooling1D, same size": (lambda: layers.MaxPooling1D(3, strides=1, padding="same"), SERIES),
    "MaxPooling2D, same size": (lambda: layers.MaxPooling2D(3, strides=1, padding="same"), IMAGES),
    "MaxPooling3D, same size": (lambda: layers.MaxPooling3D(2, strides=1, padding="same"), VOXELS),
    "UpSampling2D, bilinear": (lambda: layers.UpSampling2D(interpolation="bilinear"), IMAGES),
    "Resizing": (lambda: layers.Resizing(4, 4), IMAGES),
}
RIGHT = {
    "BatchNormalization, synchronised": (lambda: layers.BatchNormalization(synchronized=True), ROWS),
    "BatchNormalization, frozen": (lambda: layers.BatchNormalization(trainable=False), ROWS),
    "RMSNormalization": (layers.RMSNormalization, IMAGES),
    "UnitNormalization": (layers.UnitNormalization, ROWS),
    "Dense": (lambda: layers.Dense(3), ROWS),
    "EinsumDense": (lambda: layers.EinsumDense("abc,cd->abd", [None, 3], bias_axes="d"), SERIES),
    "Conv1D": (lambda: layers.Conv1D(3, 3, padding="causal"), SERIES),
    "Conv2D": (lambda: layers.Conv2D(3, 3, strides=2, padding="same"), IMAGES),
    "Conv3D": (lambda: layers.Conv3D(3, 3), VOXELS),
    "Conv2DTranspose": (lambda: layers.Conv2DTranspose(3, 4, strides=2, padding="same"), IMAGES),
    "DepthwiseConv2D": (lambda: layers.DepthwiseConv2D(3), IMAGES),
    "SeparableConv2D": (lambda: layers.SeparableConv2D(3, 3), IMAGES),
    "AveragePooling2D": (lambda: layers.AveragePooling2D(3, strides=1, padding="same"), IMAGES),
    "MaxPooling2D": (lambda: layers.MaxPooling2D(3, strides=2, padding="same"), IMAGES),
    "MaxPooling2D, overlapping": (lambda: layers.MaxPooling2D(2, strides=1), IMAGES),
    "GlobalMaxPooling2D": (layers.GlobalMaxPooling2D, IMAGES),
    "AdaptiveMaxPooling2D": (lambda: layers.AdaptiveMaxPooling2D(3), IMAGES),
    "UpSampling2D": (layers.UpSampling2D, IMAGES),
    "LSTM": (lambda: layers.LSTM(3), SERIES),
    "GRU": (lambda: layers.GRU(3), SERIES),
    "Bidirectional": (lambda: layers.Bidirectional(layers.SimpleRNN(3, unroll=True)), SERIES),
    "TimeDistributed": (lambda: layers.TimeDistributed(layers.Dense(3)), SERIES),
    "PReLU": (layers.PReLU, ROWS),
    "Softmax": (layers.Softmax, ROWS),
    "gelu": (lambda: layers.Activation("gelu"), ROWS),
    "silu": (lambda: layers.Activation("silu"), ROWS),
}


class SelfLook(layers.Layer):
    """Attention of a series to itself, as a layer of one input."""

    def __init__(self, attention):
        super().__init__()
        self.attention = attention

    def build(self, shape):
        self.attention.build(shape, shape)

    def call(self, x):
        return self.attention(x, x)


RIGHT |= {
    "MultiHeadAttention": (lambda: SelfLook(layers.MultiHeadAttention(2, 3)), SERIES),
    "GroupQueryAttention": (lambda: SelfLook(layers.GroupQueryAttention(3, 4, 2)), SERIES),
}


def deviation(make, shape):
    """How far second derivatives of a layer in training are from differences, per their length.

    Of a sum of weighed squares of the first derivatives, of sin(1.3 y), in x and in all weights: penalties have those
    in x, weighed by the layers before, and consensus those in weights. In a graph, as games train.
    """
    single = isinstance(make(), layers.MaxPooling3D) or getattr(make(), "interpolation", None) == "bilinear"
    whole = "float32" if single else "float64"  # TensorFlow has no other
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(whole)
    try:
        layer = make()
        rng = np.random.default_rng(0)
        x = tf.constant(rng.normal(size=[5, *shape]), whole)
        layer(x)
    finally:
        keras.config.set_dtype_policy(before)
    training = {"training": True} if "training" in inspect.signature(layer.call).parameters else {}
    weights = list(layer.trainable_weights)
    for weight in weights:
        weight.assign(weight.numpy() + 0.3 * rng.normal(size=weight.shape))
    moving = [(weight, weight.numpy()) for weight in layer.non_trainable_weights]

    def value(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            outputs = layer(x, **training)
            first = tf.reduce_sum(uneven(outputs.shape) * tf.sin(1.3 * outputs))
        parts = tape.gradient(first, [x, *[weight.value for weight in weights]])
        return tf.add_n([tf.reduce_sum(uneven(part.shape) * tf.square(part)) for part in parts])

    def uneven(shape):
        return tf.constant(np.random.default_rng(1).uniform(0.5, 2, size=shape), whole)

    @tf.function
    def slopes(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            result = value(x)
        return tape.gradient(result, [x, *[weight.value for weight in weights]], unconnected_gradients="zero")

    def ended(change, steps, index):
        """The value with x, or a weight, moved, and all statistics as they were."""
        for weight, start in moving:
            weight.assign(start)
        if index == 0:
            return float(value(x + steps * change))
        start = weights[index - 1].numpy()
        weights[index - 1].assign(start + steps * change)
        result = float(value(x))
        weights[index - 1].assign(start)
        return result

    found = [tf.convert_to_tensor(slope).numpy() for slope in slopes(x)]
    for weight, start in moving:
        weight.assign(start)
    off, length = [], []
    step = 1e-6 if whole == "float64" else 1e-2
    for index, slope in enumerate(found):
        change = np.asarray(rng.normal(size=slope.shape), whole)
        numeric = (ended(change, step, index) - ended(change, -step, index)) / (2 * step)
        off.append(float(np.sum(slope * change)) - numeric)
        length.append(numeric)
    return np.abs(off).max() / np.abs(length).max()


@pytest.mark.parametrize("name", WRONG)
def test_these_layers_lose_a_part_and_are_known(name):
    """If this fails for a layer, it has been mended, and need not be refused any longer."""
    make, shape = WRONG[name]
    assert deviation(make, shape) > 3e-5
    assert replacement(make())


RECURRENT = ("LSTM", "GRU", "Bidirectional")  # traced for long


@pytest.mark.few(8)
@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow if name in RECURRENT else ()) for name in RIGHT]
)
def test_these_layers_are_right_and_allowed(name):
    make, shape = RIGHT[name]
    assert deviation(make, shape) < 3e-8
    assert replacement(make()) is None


def test_kgans_own_are_allowed():
    own = [kgan.layers.BatchNormalization(), kgan.layers.BatchNormalization(synchronized=False),
           kgan.layers.LayerNormalization(), kgan.layers.GroupNormalization()]  # fmt: skip
    assert not any(map(replacement, own))


# --- games ---


def generator(*more):
    return keras.Sequential([keras.Input([3]), layers.Dense(4), *more, layers.Dense(2)])


def discriminator(*more):
    return keras.Sequential([keras.Input([2]), layers.Dense(4), *more, layers.Activation("tanh"), layers.Dense(1)])


def compiled(gan, **options):
    gan.compile(generator_optimizer="sgd", discriminator_optimizer="sgd", **options)
    return gan


DATA = np.random.default_rng(0).normal(size=[8, 2]).astype("float32")
NEEDS = {
    "R1": lambda g, d: kgan.StandardGAN(g, d, regularizers=[R1()]),
    "DRAGAN": lambda g, d: kgan.StandardGAN(g, d, regularizers=[DRAGAN()]),
    "GradientPenalty": lambda g, d: kgan.WGANGP(g, d, 1),
    "LipschitzPenalty": lambda g, d: kgan.WGANLP(g, d, discriminator_steps=1),
    "ConsensusGAN": lambda g, d: kgan.ConsensusGAN(g, d),
    "UnrolledGAN": lambda g, d: kgan.UnrolledGAN(g, d, unroll_steps=1),
}
DOES_NOT = {
    "StandardGAN": lambda g, d: kgan.StandardGAN(g, d),
    "ConsensusGAN of weight 0": lambda g, d: kgan.ConsensusGAN(g, d, consensus_weight=0.0),
    "UnrolledGAN of 0 steps": lambda g, d: kgan.UnrolledGAN(g, d, unroll_steps=0),
    "SimultaneousGAN": lambda g, d: kgan.SimultaneousGAN(g, d),
    "HistoricalAveragingGAN": lambda g, d: kgan.HistoricalAveragingGAN(g, d),
}


@pytest.mark.parametrize("needs", NEEDS)
@pytest.mark.parametrize("nested", [False, True])
def test_games_that_need_second_derivatives_refuse_when_compiled(needs, nested):
    layer = layers.LayerNormalization(name="norm")
    inside = keras.Sequential(
        [keras.Input([4]), layers.Reshape([1, 4]), layers.TimeDistributed(layer), layers.Flatten()]
    )
    gan = NEEDS[needs](generator(), discriminator(inside if nested else layer))
    with pytest.raises(
        ValueError,
        match=rf"The discriminator's 'norm' \(Keras' LayerNormalization\) loses .* and {needs} needs it; use "
        r"kgan.layers.LayerNormalization",
    ):
        compiled(gan)


@pytest.mark.parametrize("needs", NEEDS)
def test_only_consensus_differentiates_the_generator_twice(needs):
    gan = NEEDS[needs](generator(layers.GroupNormalization(2)), discriminator())
    if needs != "ConsensusGAN":
        assert np.isfinite(compiled(gan).train_on_batch(DATA)).all()
        return
    with pytest.raises(ValueError, match="The generator's .* use kgan.layers.GroupNormalization"):
        compiled(gan)


@pytest.mark.few(2)
@pytest.mark.parametrize("game", DOES_NOT)
@pytest.mark.parametrize("eagerly", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_games_that_do_not_need_them_refuse_nothing(game, eagerly):
    gan = DOES_NOT[game](
        generator(layers.LayerNormalization()), discriminator(layers.BatchNormalization(), layers.LayerNormalization())
    )
    assert np.isfinite(compiled(gan, run_eagerly=eagerly).train_on_batch(DATA)).all()


@pytest.mark.parametrize("name", sorted(members("kgan.objectives")))
def test_every_objective_with_penalties_says_so(toy, name):
    objective = getattr(kgan, name)
    if "regularizers" not in inspect.signature(objective.__init__).parameters:
        assert name == "GaussianSampler"
        return
    if name in ("BiGAN", "VAE"):  # a discriminator of pairs, and none
        with pytest.raises(ValueError, match=f"R1 looks at a discriminator of examples, and {name} has none"):
            toy(objective, regularizers=(R1(),))
        return
    if name != "CycleGAN":  # tests/objectives/translation
        assert toy(objective, regularizers=(R1(),)).differentiated_twice()["discriminator"]


class Drift(Regularizer):
    """A penalty of the scores themselves, made of no gradients."""

    def __call__(self, score, real, fake, draws):
        return tf.reduce_mean(score(real) ** 2)


class Slope(Regularizer):
    """A penalty of gradients that does not say so."""

    def __call__(self, score, real, fake, draws):
        return R1()(score, real, fake, draws)


class Moments(layers.Layer):
    """A normalisation of one's own."""

    def call(self, x):
        mean, variance = tf.nn.moments(x, [1], keepdims=True)
        return (x - mean) / tf.sqrt(variance + 1e-3)


class Twice(layers.Layer):
    def call(self, x):
        return tf.image.resize(x[:, :, None, None], [8, 1])[:, :, 0, 0]


class Highest(layers.Layer):
    def call(self, x):
        return tf.nn.max_pool1d(x[:, :, None], 3, 1, "SAME")[:, :, 0]


OWN = {"Moments": "normalises by tf.nn.moments", "Twice": "resizes bilinearly", "Highest": "takes maxima without"}


@pytest.mark.parametrize("name", OWN)
@pytest.mark.parametrize("eagerly", [False, True])
@pytest.mark.parametrize("needs", ["R1", "ConsensusGAN", "UnrolledGAN"])
def test_layers_of_ones_own_are_judged_by_their_operations(name, eagerly, needs):
    gan = compiled(NEEDS[needs](generator(), discriminator(globals()[name]())), run_eagerly=eagerly)
    with pytest.raises(
        ValueError, match=f"{OWN[name]}.*, which has no second derivative in TensorFlow, but {needs} needs one"
    ):
        gan.train_on_batch(DATA)


@pytest.mark.parametrize("layer", [layers.LayerNormalization, Moments, Highest])
def test_a_regulariser_of_ones_own_is_judged_by_its_operations(layer):
    compiled(kgan.StandardGAN(generator(), discriminator(layer()), regularizers=[Drift()])).train_on_batch(DATA)
    gan = compiled(kgan.StandardGAN(generator(), discriminator(layer()), regularizers=[Slope()]))
    with pytest.raises(ValueError, match="which has no second derivative in TensorFlow, but the loss needs one"):
        gan.train_on_batch(DATA)


@pytest.mark.parametrize("eagerly", [False, True])
def test_what_resizes_is_refused_to_a_regulariser_of_ones_own_eagerly_too(eagerly):
    gan = kgan.StandardGAN(generator(), discriminator(Twice()), regularizers=[Slope()])
    with pytest.raises(ValueError, match="resizes bilinearly.*but the loss needs one; use AveragePooling2D"):
        compiled(gan, run_eagerly=eagerly).train_on_batch(DATA)


def test_a_lazy_penalty_is_judged_too():
    gan = compiled(kgan.StandardGAN(generator(), discriminator(Moments()), regularizers=[R1(every=2)]))
    with pytest.raises(ValueError, match="normalises by tf.nn.moments"):
        gan.train_on_batch(DATA)


def test_moments_of_what_nobody_learns_are_right():
    """Of the data, before the first weight: a second derivative in x is never taken."""
    judges = keras.Sequential([keras.Input([2]), Moments(), layers.Dense(4, "tanh"), layers.Dense(1)])
    assert np.isfinite(compiled(kgan.WGANGP(generator(), judges, 1)).train_on_batch(DATA)).all()


class RightAgain(layers.LayerNormalization):
    """Keras' layer with right statistics."""

    def call(self, x):
        mean = tf.reduce_mean(x, -1, keepdims=True)
        variance = tf.reduce_mean((x - mean) ** 2, -1, keepdims=True)
        return (x - mean) / tf.sqrt(variance + self.epsilon) * self.gamma + self.beta


@pytest.mark.parametrize("eagerly", [False, True])
def test_a_subclass_that_computes_otherwise_is_welcome(eagerly):
    gan = compiled(kgan.WGANGP(generator(), discriminator(RightAgain()), 1), run_eagerly=eagerly)
    assert np.isfinite(gan.train_on_batch(DATA)).all()


def test_a_saved_game_that_is_refused_now_still_loads_and_samples(tmp_path):
    """It was trained by an earlier version."""
    gan = kgan.WGANGP(generator(), discriminator(layers.LayerNormalization()), 1)
    gan.differentiated_twice = dict
    compiled(gan).save(tmp_path / "gan.keras")
    loaded = kgan.load(tmp_path / "gan.keras")
    np.testing.assert_array_equal(loaded.sample(3), gan.sample(3))
    assert np.isfinite(loaded.evaluate(DATA, verbose=0)).all()
    with pytest.raises(ValueError, match="use kgan.layers.LayerNormalization"):
        loaded.fit(DATA, verbose=0)
    with pytest.raises(ValueError, match="use kgan.layers.LayerNormalization"):
        loaded.inspect(DATA)


@pytest.mark.parametrize("regularizer", [R1(1.0), DRAGAN(1.0)])
def test_a_penalty_with_kgans_batch_normalisation_is_differentiated_rightly(regularizer):
    judges = discriminator(kgan.layers.BatchNormalization(epsilon=0.1))
    gan = compiled(kgan.StandardGAN(generator(), judges, regularizers=[regularizer]))
    (real,) = gan.minibatches(tf.constant(DATA))
    fake = gan.fakes(real)

    @tf.function
    def penalty():
        with tf.GradientTape() as tape:
            value = gan.penalties(judges, real, fake)
        return value, tape.gradient(value, judges.trainable_variables[0].value)

    kernel, slope = judges.trainable_variables[0], penalty()[1].numpy()
    start, direction = kernel.numpy(), slope / np.linalg.norm(slope)
    ends = []
    for sign in (1, -1):
        kernel.assign(start + sign * 3e-3 * direction)
        ends.append(float(penalty()[0]))
    assert (ends[0] - ends[1]) / 6e-3 == pytest.approx(np.linalg.norm(slope), rel=0.01)


class Dilation(layers.Layer):
    """An operation of TensorFlow that has a first derivative and no second."""

    def call(self, x):
        image = x[:, :, None, None]
        dilated = tf.nn.dilation2d(image, tf.zeros([1, 1, 1]), [1, 1, 1, 1], "SAME", "NHWC", [1, 1, 1, 1])
        return dilated[:, :, 0, 0]


def test_what_has_no_second_derivative_is_named(ring):
    x = keras.Input([2])
    critic = keras.Model(x, layers.Dense(1)(Dilation()(layers.Dense(8)(x))))
    gan = kgan.WGANGP(kgan.architectures.MLPGenerator((2,), latent_dim=2, units=(8,)), critic)
    gan.compile(generator_optimizer="adam", discriminator_optimizer="adam")
    with pytest.raises(ValueError, match="^TensorFlow has no derivative of Dilation2DBackpropInput, which the loss of"):
        gan.fit(ring, batch_size=20, verbose=0)
