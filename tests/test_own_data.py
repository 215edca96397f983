"""docs/own_data.md: each row of its table is run."""

import re
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

import kgan
from tests import casts

L = keras.layers
SHAPE = (4, 4, 1)
RNG = np.random.default_rng(0)
IMAGES = RNG.uniform(-1, 1, (24, *SHAPE)).astype("float32")
TEXT = (Path(__file__).parents[1] / "docs" / "own_data.md").read_text()
ROWS = dict(re.findall(r"^\| (?!you bring|---)(.*?) \| (.*) \|$", TEXT, re.M))


def generator(activation="tanh", y=None):
    z = keras.Input([3])
    x = z if y is None else L.Concatenate()([z, L.Embedding(4, 2)(y) if y.dtype == "int32" else y])
    images = L.Reshape(SHAPE)(L.Dense(16, activation=activation)(x))
    return keras.Model(z if y is None else [z, y], images)


def discriminator(*between, end=None):
    return keras.Sequential([keras.Input(SHAPE), *between, L.Flatten(), L.Dense(8), L.LeakyReLU(), end or L.Dense(1)])


def game(makes=None, judges=None, objective=kgan.StandardGAN, **options):
    gan = objective(makes or generator(), judges or discriminator(), **options)
    gan.compile(generator_optimizer="adam", discriminator_optimizer="adam")
    return gan


def fit(gan, x=IMAGES, *y, **options):
    gan.fit(x, *y, **({"batch_size": 8, "verbose": 0} | options))
    return gan


def refused(says, action):
    with pytest.raises(ValueError, match=says):
        action()


def said(says, action):
    with pytest.warns(UserWarning, match=says):
        action()


def npz(tmp_path):
    np.savez(tmp_path / "x.npz", images=(IMAGES + 1) / 2)
    said(r"range: \[0, 1\]", lambda: kgan.datasets.NPZ(str(tmp_path / "x.npz")))
    data = kgan.datasets.NPZ(str(tmp_path / "x.npz"), range=(0, 1))
    np.testing.assert_allclose(data.encode(data.batch(np.arange(24)).images), IMAGES, atol=1e-6)


def heads(tmp_path):
    x = keras.Input(SHAPE)
    h = L.Flatten()(x)
    fit(
        game(generator(y=keras.Input([], dtype="int32")), keras.Model(x, [L.Dense(4)(h), L.Dense(1)(h)]), kgan.ACGAN),
        IMAGES,
        np.arange(24) % 4,
    )


def leftover(tmp_path):
    gan = game(objective=kgan.WGAN, discriminator_steps=4)
    refused("A batch of 2 is too small for 4.*10 examples in batches of 8 leave 2", lambda: fit(gan, IMAGES[:10]))
    data = tf.data.Dataset.from_tensor_slices(IMAGES[:10]).batch(8)
    refused(r"A batch of 2 is .*ds.batch\(8, drop_remainder=True\)", lambda: fit(gan, data, **PLAIN))
    assert gan.step.numpy() == 1  # of the data set's first batch
    fit(gan, tf.data.Dataset.from_tensor_slices(IMAGES[:10]).batch(8, drop_remainder=True), **PLAIN)


def single(tmp_path):
    data = tf.data.Dataset.from_tensor_slices(IMAGES)
    refused(r"single ones of the shape \[4, 4, 1\]: make batches.*ds.batch", lambda: fit(game(), data, **PLAIN))


def empty(tmp_path):
    data = tf.data.Dataset.from_tensor_slices(IMAGES).batch(64, drop_remainder=True)
    refused("not a single batch", lambda: fit(game(), data, **PLAIN))


def frozen(tmp_path):
    judges = discriminator()
    judges.trainable = False
    refused("would never learn", lambda: fit(game(judges=judges)))


def part(tmp_path):
    gan = game()
    gan.discriminator.layers[1].trainable = False
    before = gan.discriminator.get_weights()
    after = fit(gan).discriminator.get_weights()
    assert (before[0] == after[0]).all() and (before[2] != after[2]).any()


def set_generator(tmp_path):
    gan = fit(game())
    gan.generator.set_weights([weight * 2 + 0.1 for weight in gan.generator.get_weights()])
    said("still has the moments", lambda: gan.sample(1))
    live = np.asarray(gan.generator(gan.latents(5, seed=0)))
    np.testing.assert_allclose(gan.sample_values(5), live, atol=1e-6)
    served = kgan.load(gan.export(tmp_path / "served"))
    np.testing.assert_array_equal(served.sample(5), gan.sample(5))


def set_critic(tmp_path):
    norms = kgan.layers.SpectralNormalization
    judges = keras.Sequential([keras.Input(SHAPE), L.Flatten(), norms(L.Dense(8)), L.LeakyReLU(), norms(L.Dense(1))])
    for gan in (game(judges=judges, objective=kgan.SNGAN), game(objective=kgan.WGAN, discriminator_steps=1)):
        for layer in gan.discriminator.layers:
            inner = getattr(layer, "layer", layer)
            if inner.weights:
                inner.set_weights([RNG.normal(size=weight.shape) for weight in inner.weights])
        gan.derived.follow()
        for layer in gan.discriminator.layers:
            if isinstance(layer, norms):
                assert np.linalg.norm(layer.normalized_kernel.numpy(), 2) == pytest.approx(1, rel=1e-3)
            elif layer.weights:
                assert np.abs(layer.get_weights()[0]).max() == pytest.approx(0.01)


def one_hot(tmp_path):
    eye = np.eye(4, dtype="float32")
    gan = fit(game(generator(y=keras.Input([4]))), IMAGES, eye[np.arange(24) % 4])
    np.testing.assert_array_equal(gan.sample(3, labels=2), gan.sample(3, labels=eye[2]))


def two_conditions(tmp_path):
    gan = fit(game(generator(y=keras.Input([2]))), IMAGES, RNG.random((24, 2)))
    refused(r"of shape \[2\]", lambda: gan.sample(3, labels=1))


def second_inputs(tmp_path):
    image, label = keras.Input(SHAPE), keras.Input([], dtype="int32")
    score = L.Dense(1)(L.Concatenate()([L.Flatten()(image), L.Embedding(4, 2)(label)]))
    gan = game(generator(y=keras.Input([], dtype="int32")), keras.Model([image, label], score))
    fit(gan, IMAGES, np.arange(24) % 4)
    assert (gan.sample_values(2, labels=1) != gan.sample_values(2, labels=2)).any()
    vectors = np.eye(4, dtype="float32")[np.arange(24) % 4]
    blind = game(generator(y=keras.Input([], dtype="int32")))
    refused(r"second input: keras.Model\(\[z, label\], image\)", lambda: fit(blind, IMAGES, vectors))


def named_inputs(tmp_path):
    z, y = keras.Input([4], name="z"), keras.Input([], dtype="int32", name="labels")
    x = L.Dense(int(np.prod(SHAPE)), activation="tanh")(L.Concatenate()([z, L.Embedding(4, 4)(y)]))
    gan = game(keras.Model({"labels": y, "z": z}, L.Reshape(SHAPE)(x)))
    fit(gan, IMAGES, np.arange(24) % 4)
    assert gan.sample(2, labels=[0, 2]).shape == (2, *SHAPE)
    image, times = keras.Input(SHAPE), keras.Input([1], name="times")
    score = L.Dense(1)(L.Concatenate()([L.Flatten()(image), times]))
    refused("The discriminator's input 'times' is for times", lambda: game(None, keras.Model([image, times], score)))


def from_one(tmp_path):
    gan = game(generator(y=keras.Input([], dtype="int32")))
    for labels in (np.arange(24) % 4 + 1, np.arange(24) % 4 - 1):
        refused("labels: expected classes from 0 to 3", lambda labels=labels: fit(gan, IMAGES, labels))


def conditions(tmp_path):
    known = {"conditioning": "concatenation", "num_conditions": 1, "condition_ranges": ((1.0, 100.0),)}
    gan = game(
        kgan.architectures.MLPGenerator((2,), 2, (3,), **known),
        kgan.architectures.MLPDiscriminator((2,), (3,), **known),
    )
    for wrong in (np.nan, 200.0):
        refused("labels: expected", lambda wrong=wrong: gan.sample(2, labels=[wrong]))
        refused("labels: expected", lambda wrong=wrong: fit(gan, RNG.random((8, 2)), np.full([8, 1], wrong)))


def keras_layers(tmp_path):
    for layer in (L.LayerNormalization(), L.GroupNormalization(1)):
        judges = discriminator(L.Conv2D(2, 3), layer)
        refused("use kgan.layers", lambda judges=judges: fit(game(judges=judges, objective=kgan.WGANGP)))


def edited(tmp_path):
    def script(steps):
        gan = game(objective=kgan.WGAN, discriminator_steps=steps)
        gan.run_dir = tmp_path
        fit(gan, callbacks=[kgan.callbacks.Checkpoint()])

    script(2)
    refused("discriminator_steps 2 -> 4.*put them back, or choose another folder", lambda: script(4))


def damaged(tmp_path):
    for epochs in (1, 2):
        gan = game()
        gan.run_dir = tmp_path
        fit(gan, epochs=epochs, callbacks=[kgan.callbacks.Checkpoint()])
    newest = max((tmp_path / "checkpoints").glob("*.json"))
    newest.write_text("{}")
    gan = game()
    gan.run_dir = tmp_path
    said("is damaged; the one before it is used", lambda: fit(gan, epochs=2, callbacks=[kgan.callbacks.Checkpoint()]))
    assert gan.step.numpy() == 6


def uncompiled(tmp_path):
    gan = kgan.StandardGAN(generator(), discriminator())
    gan.save(tmp_path / "game.keras")
    np.testing.assert_array_equal(kgan.load(tmp_path / "game.keras").sample(3), gan.sample(3))


def domains(tmp_path):
    gan = kgan.CycleGAN(*casts.of(kgan.CycleGAN).networks(SHAPE))
    gan.compile(**{f"{player}_optimizer": "adam" for player in gan.players})
    fit(gan, {"a": IMAGES, "b": -IMAGES})
    refused("cut them to 16", lambda: fit(gan, {"a": IMAGES, "b": IMAGES[:16]}))


def which_generator(tmp_path):
    gan = kgan.MGAN(*casts.of(kgan.MGAN).networks(SHAPE))
    latents = gan.latents(2)["latents"]
    assert gan([latents, np.array([0, 2])]).shape == (2, *SHAPE)
    refused("from 0 to 2", lambda: gan.predict([latents, np.array([0, 3])], verbose=0))
    refused("an integer; got float32", lambda: gan([latents, tf.constant([0.0, 1.7])]))


PLAIN = {"batch_size": None, "shuffle": False}
PIXELS = (IMAGES + 1) * 127.5
CASES = {
    "float images of 0 to 255, a generator that ends in tanh": lambda _: refused(
        "to_float", lambda: fit(game(), PIXELS)
    ),
    "float images of 0 to 255, a generator without a last activation": lambda _: said(
        "as pixels have", lambda: fit(game(generator(None)), PIXELS)
    ),
    "float images of 0 to 1 (pixels / 255)": lambda _: said("take 2 x - 1", lambda: fit(game(), PIXELS / 255)),
    "uint8 images in `fit`": lambda _: refused("to_float", lambda: fit(game(), PIXELS.astype("uint8"))),
    "an `.npz` of pixels / 255": npz,
    "a generator that ends in a sigmoid, data in [-1, 1]": lambda _: refused(
        r"sigmoid, which makes \[0, 1\]", lambda: fit(game(generator("sigmoid")))
    ),
    "a generator without a last activation": lambda _: [fit(game(generator(None)), x) for x in (IMAGES, IMAGES * 9)],
    "a discriminator that ends in a sigmoid, softmax or tanh": lambda _: [
        refused("takes? raw scores", lambda end=end: game(judges=discriminator(end=L.Dense(1, activation=end))))
        for end in ("sigmoid", "tanh", "softmax")
    ],
    "a discriminator with two outputs where one is wanted": lambda _: refused(
        "this one has 2", lambda: game(judges=two_outputs())
    ),
    "a discriminator that gives two logits, real and fake": lambda _: refused(
        r"one for each example", lambda: game(judges=discriminator(end=L.Dense(2)))
    ),
    "a discriminator that gives a patch of scores, [N, h, w, 1]": lambda _: fit(
        game(judges=keras.Sequential([keras.Input(SHAPE), L.Conv2D(1, 3)]))
    ),
    "an auxiliary classifier with its outputs in another order": heads,
    "`discriminator.trainable = False`, as Keras' scripts have it": frozen,
    "a frozen part of a player, for transfer": part,
    "`WGANGP(..., regularizers=[])`": lambda _: said(
        "without a penalty", lambda: game(objective=kgan.WGANGP, regularizers=[])
    ),
    "weights set or loaded into `gan.generator`": set_generator,
    "weights set into a critic with spectral norms, or with clipping": set_critic,
    "a class number for a generator of one-hot vectors": one_hot,
    "one number for a generator of two conditions": two_conditions,
    "labels for networks of your own": second_inputs,
    'inputs with names, such as "labels", in another order or a dictionary': named_inputs,
    "labels that count from 1, or -1": from_one,
    "conditions that are NaN, or outside of `condition_ranges`": conditions,
    "`class_weight`, `sample_weight`": lambda _: [
        refused("no meaning in a game", lambda one=one: fit(game(), IMAGES, np.arange(24) % 2, **one))
        for one in ({"class_weight": {0: 1.0, 1: 2.0}}, {"sample_weight": np.ones(24)})
    ],
    "a last batch that is smaller than the discriminator's steps": leftover,
    "a data set of single images": single,
    "a data set with not one whole batch": empty,
    "two domains of different sizes, as arrays": domains,
    "the number of a generator that an `MGAN` has not, or one that is no integer": which_generator,
    "Keras' normalisation layers in a critic with a penalty": keras_layers,
    "bilinear upsampling in a critic with a penalty": lambda _: refused(
        "use AveragePooling2D, strides, or UpSampling2D",
        lambda: fit(
            game(judges=discriminator(L.UpSampling2D(interpolation="bilinear")), objective=kgan.WGANGP), IMAGES[:8]
        ),
    ),
    "a script with a Checkpoint, edited and run again": edited,
    "a damaged checkpoint": damaged,
    "a game that is not compiled yet": uncompiled,
}


def two_outputs():
    x = keras.Input(SHAPE)
    h = L.Flatten()(x)
    return keras.Model(x, [L.Dense(1)(h), L.Dense(4)(h)])


def test_the_table_has_a_case_for_each_row_and_no_other():
    assert list(CASES) == list(ROWS)


@pytest.mark.parametrize("row", CASES)
@pytest.mark.filterwarnings("ignore:You are using a softmax over axis -1")
def test_a_row(row, tmp_path):
    CASES[row](tmp_path)


def test_the_example_trains():
    pixels = (PIXELS).astype("uint8")
    images = kgan.images.to_float(pixels)
    data = tf.data.Dataset.from_tensor_slices(images).shuffle(10_000).batch(8, drop_remainder=True)
    fit(game(), data, batch_size=None, shuffle=False)
