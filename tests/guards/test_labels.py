"""Labels: classes that every network knows, vectors that are what was meant, before anything is computed with them."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import kgan
from kgan.guards.labels import classes_of
from kgan.using.export import export

L = keras.layers
K = 5


def generator(embed, label):
    z, y = keras.Input([2]), label
    return keras.Model([z, y], L.Dense(2)(L.Concatenate()([z, embed(y)])))


def discriminator(embed, label):
    x, y = keras.Input([2]), label
    return keras.Model([x, y], L.Dense(1)(L.Concatenate()([x, embed(y)])))


def number():
    return keras.Input([], dtype="int32")


def compiled(gan, **options):
    gan.compile(generator_optimizer="sgd", discriminator_optimizer="sgd", **options)
    return gan


WAYS = {
    "embedding": lambda y: L.Embedding(K, 3)(y),
    "one_hot": lambda y: keras.ops.one_hot(y, K),
    "category": lambda y: L.CategoryEncoding(K, output_mode="one_hot")(L.Reshape((1,))(y)),
    "nested": lambda y: keras.Sequential([keras.Input([], dtype="int32"), L.Embedding(K, 3)])(y),
    "spectral": lambda y: kgan.layers.SpectralNormalization(L.Embedding(K, 3))(y),
    "reshaped": lambda y: L.Flatten()(L.Embedding(K, 3)(L.Reshape((1,))(y))),
}


@pytest.mark.parametrize("way", WAYS)
def test_the_layers_tell_how_many_classes_there_are(way):
    network = generator(WAYS[way], number())
    assert classes_of(network, network.inputs[1]) == K


def test_where_no_layer_tells_nothing_is_known():
    network = generator(lambda y: keras.ops.cast(y, "float32")[:, None], number())
    assert classes_of(network, network.inputs[1]) is None


def test_the_network_that_knows_fewest_decides():
    gan = kgan.StandardGAN(
        generator(lambda y: L.Embedding(10, 3)(y), number()), discriminator(lambda y: L.Embedding(4, 3)(y), number())
    )
    assert gan.num_classes == 4


@pytest.mark.few(2)
@pytest.mark.parametrize(
    ("wrong", "how"),
    [
        *((wrong, how) for wrong in (-1, K, 0.5) for how in ({}, {"run_eagerly": True})),
        pytest.param(-1, {"jit_compile": True}, marks=pytest.mark.slow),
    ],
)
def test_a_class_that_an_embedding_does_not_have_never_reaches_it(wrong, how):
    """An Embedding takes -1 for its last class; XLA drops assertions; a step that began must leave no trace."""
    embed = lambda y: L.Embedding(K, 3)(y)  # noqa: E731
    gan = compiled(kgan.StandardGAN(generator(embed, number()), discriminator(embed, number())), **how)
    x = np.zeros([8, 2], "float32")
    gan.fit(x, np.arange(8) % K, batch_size=8, verbose=0)
    before = [w.numpy() for w in [*gan.generator.weights, *gan.discriminator.weights]]
    labels = np.array([0, 1, 2, 3, 4, 0, 1, wrong])
    for step in (gan.fit, gan.evaluate):
        with pytest.raises(ValueError, match=r"^labels: expected classes from 0 to 4, got some from .*\.$"):
            step(x, labels, batch_size=8, verbose=0)
    with pytest.raises(ValueError, match="labels: expected classes from 0 to 4"):
        gan.train_on_batch(x, labels)
    for old, new in zip(before, [*gan.generator.weights, *gan.discriminator.weights], strict=True):
        np.testing.assert_array_equal(old, new.numpy())


def test_two_replicas_say_it_too(replicas):
    embed = lambda y: L.Embedding(K, 3)(y)  # noqa: E731
    with replicas.scope():
        gan = compiled(kgan.StandardGAN(generator(embed, number()), discriminator(embed, number())))
    with pytest.raises(ValueError, match="labels: expected classes from 0 to 4, got some from"):
        gan.fit(np.zeros([8, 2], "float32"), np.array([0, 1, 2, 3, 4, 0, 1, -1]), batch_size=8, verbose=0)


# --- vectors ---


def vectors(width):
    game = kgan.StandardGAN(
        generator(lambda y: y, keras.Input([width])), discriminator(lambda y: y, keras.Input([width]))
    )
    return compiled(game)


def test_a_class_number_becomes_its_vector_where_labels_are_one_hot(tmp_path):
    gan, eye = vectors(K), np.eye(K, dtype="float32")
    with pytest.raises(ValueError, match=r"of shape \[5\].*If they are classes, give vectors: numpy.eye\(K\)"):
        gan.sample(3, labels=2)
    gan.fit(np.zeros([10, 2], "float32"), eye[np.arange(10) % K], batch_size=10, verbose=0)
    gan.save(tmp_path / "game.keras")
    for game in (gan, kgan.load(tmp_path / "game.keras"), kgan.load(gan.export(tmp_path / "served"))):
        np.testing.assert_array_equal(game.sample(3, labels=2), game.sample(3, labels=eye[2]))
        np.testing.assert_array_equal(game.sample(K, labels=list(range(K))), game.sample(K, labels=eye))
        np.testing.assert_array_equal(game.sample(2, labels=[4, 0]), game.sample(2, labels=eye[[4, 0]]))
        np.testing.assert_array_equal(game.sample(3, labels=[0, 0, 1, 0, 0]), game.sample(3, labels=eye[2]))
        # As many samples as there are classes: floats are a vector, whole numbers may be either.
        np.testing.assert_array_equal(game.sample(K, labels=eye[2]), game.sample(K, labels=2))
        with pytest.raises(ValueError, match="can mean one vector for all samples, or a class for each"):
            game.sample(K, labels=[0, 0, 1, 0, 0])
        with pytest.raises(ValueError, match="classes from 0 to 4, or vectors"):
            game.sample(3, labels=5)


@pytest.mark.parametrize("labels", [1, 1.5, [1.0, 2.0, 3.0], [[1.0], [2.0], [3.0]]])
def test_a_number_is_no_vector_of_two_conditions(labels):
    gan = vectors(2)
    gan.fit(np.zeros([8, 2], "float32"), np.random.default_rng(0).random([8, 2]), batch_size=8, verbose=0)
    with pytest.raises(ValueError, match=r"labels: expected one for all samples, of shape \[2\]"):
        gan.sample(3, labels=labels)
    assert gan.sample(2, labels=[1.0, 2.0]).shape == (2, 2)  # one vector, not two numbers


def test_one_condition_may_be_written_as_a_number():
    gan = vectors(1)
    wanted = gan.sample(3, labels=[[0.5]] * 3)
    for labels in (0.5, [0.5], [0.5, 0.5, 0.5]):
        np.testing.assert_array_equal(gan.sample(3, labels=labels), wanted)


@pytest.mark.few(1)
@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_conditions_that_are_no_numbers_are_refused(wrong, tmp_path):
    gan, y = vectors(2), np.zeros([8, 2], "float32")
    y[3, 1] = wrong
    with pytest.raises(ValueError, match="labels: expected finite numbers"):
        gan.fit(np.zeros([8, 2], "float32"), y, batch_size=8, verbose=0)
    with pytest.raises(ValueError, match="labels: expected finite numbers"):
        gan.sample(8, labels=y)
    served = tf.saved_model.load(export(gan, tmp_path / "served"))
    with pytest.raises(tf.errors.InvalidArgumentError, match="labels: expected finite numbers"):
        served.serve(8, 0, tf.constant(y))


def test_conditions_outside_of_what_the_networks_were_told_are_refused(tmp_path):
    known = {"conditioning": "concatenation", "num_conditions": 2, "condition_ranges": ((1.0, 100.0), (0.0, 1.5))}
    gan = compiled(
        kgan.StandardGAN(
            kgan.architectures.MLPGenerator((2,), 2, (3,), **known),
            kgan.architectures.MLPDiscriminator((2,), (3,), **known),
        )
    )
    inside, outside = np.float32([[1.0, 0.0], [100.0, 1.5]]), np.float32([[99.0, -5.0], [50.0, 1.0]])
    x = np.zeros([2, 2], "float32")
    gan.fit(x, inside, batch_size=2, verbose=0)
    assert np.isfinite(gan.sample(2, labels=inside)).all()
    for action in (lambda: gan.sample(2, labels=outside), lambda: gan.fit(x, outside, batch_size=2, verbose=0)):
        with pytest.raises(ValueError, match=r"labels: expected conditions within \[1, 100\] and \[0, 1.5\]"):
            action()
    served = tf.saved_model.load(export(gan, tmp_path / "served"))
    assert served.serve(2, 0, tf.constant(inside))["samples"].shape == (2, 2)
    with pytest.raises(tf.errors.InvalidArgumentError, match="labels: expected conditions within"):
        served.serve(2, 0, tf.constant(outside))


def test_what_callbacks_draw_is_checked_when_the_training_begins(tmp_path):
    embed = lambda y: L.Embedding(K, 3)(y)  # noqa: E731
    gan = compiled(kgan.StandardGAN(generator(embed, number()), discriminator(embed, number())))
    gan.run_dir = tmp_path
    with pytest.raises(ValueError, match="labels: expected classes from 0 to 4; got 7"):
        gan.fit(
            np.zeros([8, 2], "float32"), np.arange(8) % K, verbose=0,
            callbacks=[kgan.callbacks.SampleGrid(every=100, count=4, labels=[7])],
        )  # fmt: skip


def test_vectors_for_classes_and_classes_for_vectors_are_refused():
    embed = lambda y: L.Embedding(K, 3)(y)  # noqa: E731
    gan = compiled(kgan.StandardGAN(generator(embed, number()), discriminator(embed, number())))
    x, classes = np.zeros([8, 2], "float32"), np.arange(8) % K
    with pytest.raises(ValueError, match=r"labels: expected one number for each example, got .*numpy.argmax"):
        gan.fit(x, np.eye(K)[classes], batch_size=8, verbose=0)
    with pytest.raises(ValueError, match=r"labels: expected vectors of 5 numbers .*numpy.eye\(5\)\[classes\]"):
        vectors(K).fit(x, classes, batch_size=8, verbose=0)


@pytest.mark.filterwarnings("ignore:.shuffle=True. was passed")
def test_pictures_of_classes_wait_until_labels_are_known_to_be_one_hot(tmp_path):
    gan = vectors(K)
    gan.run_dir = tmp_path
    data = tf.data.Dataset.from_tensor_slices(
        (np.zeros([16, 2], "float32"), np.eye(K, dtype="float32")[np.arange(16) % K])
    )
    gan.fit(data.batch(8), verbose=0, callbacks=[kgan.callbacks.SampleGrid(every=2, count=4, labels=[0, 1])])
    assert [path.name for path in (tmp_path / "samples").iterdir()] == ["step-00000002.png"]


def test_a_float_input_of_an_embedding_is_a_class_too():
    """As Keras' inputs are, unless their type is given."""
    embed = lambda y: L.Flatten()(L.Embedding(K, 3)(y))  # noqa: E731
    gan = compiled(kgan.StandardGAN(generator(embed, keras.Input([1])), discriminator(embed, keras.Input([1]))))
    x = np.zeros([8, 2], "float32")
    gan.fit(x, (np.arange(8) % K)[:, None], batch_size=8, verbose=0)
    assert gan.sample(2, labels=3).shape == (2, 2)
    for wrong in (-1, K, 2.5):
        with pytest.raises(ValueError, match="labels: expected classes from 0 to 4"):
            gan.fit(x, np.full([8, 1], wrong), batch_size=8, verbose=0)
        with pytest.raises(ValueError, match="labels: expected classes from 0 to 4"):
            gan.sample(2, labels=wrong)
