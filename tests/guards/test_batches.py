"""Batches that are none, too small, or no batches: said in one line, before the first step where that is possible."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import kgan

L = keras.layers
SHAPE = (4, 4, 1)
X = np.random.default_rng(0).uniform(-1, 1, (61, *SHAPE)).astype("float32")
SLICES = tf.data.Dataset.from_tensor_slices(X)
pytestmark = [
    pytest.mark.filterwarnings(words)
    for words in ("ignore:Your input ran out of data", "ignore:.shuffle=True. was passed")
]


def game(steps=5, shape=SHAPE, **compiled):
    generator = keras.Sequential([keras.Input([2]), L.Dense(int(np.prod(shape))), L.Reshape(shape)])
    critic = keras.Sequential([keras.Input(shape), L.Flatten(), L.Dense(1)])
    gan = kgan.WGAN(generator, critic, discriminator_steps=steps)
    gan.compile(generator_optimizer="sgd", discriminator_optimizer="sgd", **compiled)
    return gan


@pytest.mark.parametrize("x", [X, tf.constant(X), tf.Variable(X)])
def test_arrays_that_leave_too_few_are_refused_before_the_first_step(x):
    gan = game()
    with pytest.raises(ValueError, match=r"^A batch of 1 .*61 examples in batches of 20 leave 1 .*: fit on x\[:60\]"):
        gan.fit(x, batch_size=20, verbose=0)
    assert gan.step.numpy() == 0
    gan.fit(x[:60], batch_size=20, verbose=0)
    gan.fit(x, batch_size=20, steps_per_epoch=3, verbose=0)
    assert gan.step.numpy() == 6


def test_a_part_kept_for_validation_does_not_count():
    gan = game()
    with pytest.raises(ValueError, match="48 examples in batches of 15 leave 3"):
        gan.fit(X, batch_size=15, validation_split=0.2, verbose=0)
    gan.fit(X[:57], batch_size=15, validation_split=0.2, verbose=0)  # 45 of them


def test_the_last_batch_of_a_data_set_is_called_that():
    gan = game()
    says = (
        r"^A batch of 1 is too small for 5 discriminator steps; the first had 20, .* the last.*ds.batch\(20, drop_rem"
    )
    for _ in range(2):
        with pytest.raises(ValueError, match=says):
            gan.fit(SLICES.batch(20), verbose=0)
    with pytest.raises(ValueError, match="^A batch of 3 is too small for 5 discriminator steps; use a multiple of 5"):
        gan.fit(SLICES.batch(3), verbose=0)
    with pytest.raises(ValueError, match="^A batch of 1 is too small for 5 discriminator steps; use a multiple of 5"):
        gan.train_on_batch(X[:1])


def unknown(data):
    """The same data set, of whose elements TensorFlow knows but the rank."""
    return data.map(lambda x: tf.ensure_shape(tf.numpy_function(lambda a: a, [x], tf.float32), [None, None, None]))


@pytest.mark.parametrize("data", [SLICES, unknown(SLICES), SLICES.map(lambda x: x[..., 0])])
def test_single_examples_are_no_batches(data):
    gan = game()
    with pytest.raises(ValueError, match=r"^Expected batches of examples, got single ones of the shape \[4, 4"):
        gan.fit(data, verbose=0)
    with pytest.raises(ValueError, match="Expected batches of examples"):
        gan.evaluate(data, verbose=0)
    assert gan.step.numpy() == 0


@pytest.mark.parametrize(
    ("shape", "batch"), [((4, 1), [4, 4]), ((1,), [1]), ((1,), [5]), ((4, 4, 1), [4, 4, 4]), ((4, 4), [4, 4, 4])]
)
def test_batches_that_look_like_examples_are_batches(shape, batch):
    game(1, shape).fit(tf.data.Dataset.from_tensors(tf.zeros(batch)), verbose=0)


NONE = {
    "dropped": SLICES.batch(64, drop_remainder=True),
    "filtered": SLICES.filter(lambda x: tf.reduce_min(x) > 9).batch(8),
    "array": X[:0],
}


@pytest.mark.parametrize("kind", NONE)
def test_no_batch_at_all_is_refused(kind):
    ended = []
    callback = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: ended.append(epoch))
    with pytest.raises(ValueError, match="^The data hold not a single batch"):
        game().fit(NONE[kind], verbose=0, callbacks=[callback])
    assert not ended
    with pytest.raises(ValueError, match="^The data hold not a single batch"):
        game().evaluate(NONE[kind], verbose=0)
    if kind != "array":
        with pytest.raises(ValueError, match="^The data hold not a single batch"):
            game().fit(X[:60], batch_size=20, validation_data=NONE[kind], verbose=0)


def test_data_that_end_later_are_no_empty_ones():
    gan = game()
    gan.fit(((X[:20],) for _ in range(3)), steps_per_epoch=2, epochs=3, verbose=0)
    assert gan.step.numpy() >= 3


def test_replicas_refuse_no_batch_too(replicas):
    with replicas.scope():
        gan = game(1)
    with pytest.raises(ValueError, match="^The data hold not a single batch"):
        gan.fit(SLICES.batch(64, drop_remainder=True), verbose=0)


def test_pixels_that_are_none_are_refused_in_a_training():
    with pytest.raises(ValueError, match="^images: kgan.images.to_float takes pixels from 0 to 255"):
        game().fit(SLICES.batch(20, drop_remainder=True).map(kgan.images.to_float), verbose=0)
