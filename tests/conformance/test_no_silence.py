"""What people do with their arrays, networks and scripts: of every objective, nothing trains on with a silently wrong
result. tests/guards has the many ways of each kind; here each kind is seen on all objectives."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import kgan
from kgan import configurable, objectives
from kgan.layers import SpectralNormalization
from kgan.recipe.recipe import network_names
from tests import casts

L = keras.layers
SHAPE, CLASSES = (4, 4, 1), 4
IMAGES = np.random.default_rng(0).uniform(-1, 1, (24, *SHAPE)).astype("float32")
LABELS = np.arange(24, dtype="int32") % CLASSES

CONTRACTS = {"GAN", "Game", "LatentVariableModel"}
ALL = [getattr(objectives, name) for name in objectives.__all__ if name not in CONTRACTS]
GANS = [cls for cls in ALL if issubclass(cls, kgan.objectives.GAN)]
PLAYED = [cls for cls in ALL if cls.players]
FAST = {kgan.StandardGAN, kgan.WGANGP, kgan.ACGAN, kgan.EBGAN, kgan.VAE, kgan.CycleGAN}  # one of each family of steps


def of(classes):
    return pytest.mark.parametrize(
        "objective",
        [pytest.param(cls, marks=() if cls in FAST else pytest.mark.slow, id=cls.__name__) for cls in classes],
    )


def networks(objective, conditional=False, end=None):
    """The networks of an objective, in the order of its constructor; `end` squashes its judge, or encoder."""
    known = casts.of(objective)
    made = list(known.networks(SHAPE)) if known else [generator(objective, conditional), opponent(objective)]
    if end is not None:
        names = network_names(objective)
        at = names.index(objective.judges[0]) if objective.judges else len(names) - 1
        made[at] = squashed(made[at], end)
    return made


def generator(objective, conditional):
    labels = keras.Input([], dtype="int32") if conditional or objective is kgan.ACGAN else None
    z = keras.Input([14])
    x = z if labels is None else L.Concatenate()([z, L.Embedding(CLASSES, 3)(labels)])
    images = L.Reshape(SHAPE)(L.Dense(16, activation="tanh")(L.Dense(8)(x)))
    return keras.Model(z if labels is None else [z, labels], images)


def opponent(objective):
    """A discriminator as the objective wants it."""
    wrap = SpectralNormalization if objective is kgan.SNGAN else lambda layer: layer
    x = keras.Input(SHAPE)
    h = L.LeakyReLU()(wrap(L.Dense(8))(L.Flatten()(x)))
    if objective in (kgan.EBGAN, kgan.BEGAN):
        return keras.Model(x, L.Reshape(SHAPE)(L.Dense(16, activation="tanh")(h)))
    heads = {kgan.ACGAN: [CLASSES], kgan.InfoGAN: [12]}.get(objective, [])
    outputs = [wrap(L.Dense(1))(h), *(L.Dense(width)(h) for width in heads)]
    return keras.Model(x, outputs if heads else outputs[0])


def squashed(network, end):
    """The same network with an activation after its first output of one column, or after its only one."""
    outputs = list(network.outputs)
    at = next((at for at, output in enumerate(outputs) if output.shape[-1] == 1), 0)
    outputs[at] = L.Activation(end)(outputs[at])
    single = [part[0] if len(part) == 1 else part for part in (network.inputs, outputs)]
    return keras.Model(*single)


def game(objective, optimizer="sgd", conditional=False, **options):
    few = {"discriminator_steps": 2, "unroll_steps": 1, "consensus_weight": 0.1} | options
    known = configurable.arguments(objective)
    gan = objective(*networks(objective, conditional), **{name: value for name, value in few.items() if name in known})
    gan.compile(**{f"{player}_optimizer": optimizer for player in gan.players})
    return gan


def data(gan, images=IMAGES):
    known = casts.of(type(gan))
    if hasattr(known, "data"):
        return (known.data(images),)
    return (images, LABELS[: len(images)]) if gan.conditional else (images,)


def weights(gan, player):
    return [[weight.numpy() for weight in layer.weights] for layer in getattr(gan, player).layers]


def moved(before, after):
    return [any((a != b).any() for a, b in zip(*pair, strict=True)) for pair in zip(before, after, strict=True)]


@of(ALL)
def test_pixels_are_not_trained_on(objective):
    gan = game(objective)
    pixels = data(gan, (IMAGES + 1) * 127.5)
    if objective is kgan.GaussianSampler:  # linear: it can make anything
        with pytest.warns(UserWarning, match="as pixels have"):
            gan.fit(*pixels, verbose=0)
        return
    with pytest.raises(ValueError, match="kgan.images.to_float"):
        gan.fit(*pixels, verbose=0)
    assert gan.step.numpy() == 0


@of(ALL)
def test_pixels_over_255_are_said(objective):
    gan = game(objective)
    with pytest.warns(UserWarning, match="as pixels / 255 have"):
        gan.fit(*data(gan, (IMAGES + 1) / 2), verbose=0)


@of([cls for cls in PLAYED if cls not in (kgan.EBGAN, kgan.BEGAN)])
def test_squashed_outputs_are_refused(objective):
    with pytest.raises(ValueError, match="ends in sigmoid, which keeps its"):
        objective(*networks(objective, end="sigmoid"))


@of([kgan.EBGAN, kgan.BEGAN])
def test_an_autoencoder_that_cannot_make_the_data_is_refused(objective):
    made, judge = networks(objective)
    gan = objective(made, squashed(judge, "sigmoid"))
    gan.compile(generator_optimizer="sgd", discriminator_optimizer="sgd")
    with pytest.raises(ValueError, match="The discriminator ends in sigmoid"):
        gan.fit(IMAGES, verbose=0)


@of(PLAYED)
def test_a_frozen_player_is_refused_and_a_frozen_part_stays(objective):
    gan = game(objective)
    for player in gan.players:
        getattr(gan, player).trainable = False
        with pytest.raises(ValueError, match=f"The {player} has no trainable weight"):
            gan.fit(*data(gan), verbose=0)
        getattr(gan, player).trainable = True
    gan.fit(*data(gan), batch_size=8, verbose=0)
    first = {}
    for player in gan.players:
        first[player] = next(index for index, layer in enumerate(getattr(gan, player).layers) if layer.weights)
        getattr(gan, player).layers[first[player]].trainable = False
    before = {player: weights(gan, player) for player in gan.players}
    gan.fit(*data(gan), batch_size=8, verbose=0)
    for player in gan.players:
        changed = moved(before[player], weights(gan, player))
        if objective is not kgan.SNGAN:  # the estimate of a spectral norm moves on
            assert not changed[first[player]]
        assert sum(changed) >= 1


@of(ALL)
@pytest.mark.filterwarnings("ignore:The weights of the .* were set after")
def test_the_averages_follow_weights_that_are_set(objective):
    gan = game(objective)
    for _ in range(2):
        for name in gan.averaged:
            network = getattr(gan, name)
            network.set_weights([1.5 * weight + 0.01 for weight in network.get_weights()])
        for name in gan.averaged:
            inputs = [tf.zeros([5, *tensor.shape[1:]], tensor.dtype) for tensor in getattr(gan, name).inputs]
            inputs = inputs if len(inputs) > 1 else inputs[0]
            live = getattr(gan, name)(inputs, training=False)
            np.testing.assert_allclose(gan.run_averaged(name, inputs), live, atol=1e-6)
        gan.fit(*data(gan), batch_size=8, verbose=0)


@of(ALL)
def test_weights_of_examples_are_refused(objective):
    for options in ({"class_weight": dict.fromkeys(range(CLASSES), 1.0)}, {"sample_weight": np.ones(24)}):
        with pytest.raises(ValueError, match="class_weight and sample_weight have no meaning"):
            gan = game(objective)
            gan.fit(*(data(gan) if hasattr(casts.of(objective), "data") else (IMAGES, LABELS)), verbose=0, **options)


@of([cls for cls in GANS if "labels" in cls.takes["generator"]])
@pytest.mark.parametrize("eagerly", [False, True])
def test_labels_that_no_network_knows_never_reach_it(objective, eagerly):
    gan = game(objective, conditional=True)
    gan.run_eagerly = eagerly
    before = [weight.numpy() for weight in gan.generator.weights]
    for wrong in (-1, CLASSES):
        labels = LABELS.copy()
        labels[5] = wrong
        for _ in range(3):
            with pytest.raises(ValueError, match=r"^labels: expected classes from 0 to 3, got some from"):
                gan.fit(IMAGES, labels, batch_size=24, verbose=0)
    for old, new in zip(before, gan.generator.weights, strict=True):
        np.testing.assert_array_equal(old, new.numpy())


@of([cls for cls in GANS if "discriminator_steps" in configurable.arguments(cls)])
def test_a_last_batch_that_is_too_small_is_said_every_time(objective):
    gan = game(objective, discriminator_steps=4)
    for _ in range(5):
        with pytest.raises(ValueError, match="^A batch of 2 is too small for 4 discriminator steps"):
            gan.fit(*data(gan, IMAGES[:10]), batch_size=8, verbose=0)
