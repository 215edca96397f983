"""Several replicas: what each sees, what is shared, what is refused."""

import warnings

import keras
import numpy as np
import pytest
import tensorflow as tf

import kgan
from kgan import precision
from kgan.callbacks import Checkpoint
from kgan.runs import training
from tests.conftest import numbers


def images(count, seed=0):
    return np.random.default_rng(seed).uniform(-1, 1, [count, 8, 8, 1]).astype("float32")


def dcgan(optimizer=lambda: keras.optimizers.SGD(0.01), **compiled):
    gan = kgan.StandardGAN(
        kgan.architectures.DCGANGenerator((8, 8, 1), latent_dim=4, width=4),
        kgan.architectures.DCGANDiscriminator((8, 8, 1), width=4),
        ema=0.9,
    )
    gan.compile(generator_optimizer=optimizer(), discriminator_optimizer=optimizer(), **compiled)
    return gan


def batches(x, size):
    options = tf.data.Options()
    options.autotune.enabled = False
    return tf.data.Dataset.from_tensor_slices(x).batch(size).with_options(options)


def close(one, other, atol=1e-6):
    for a, b in zip(one.weights, other.weights, strict=True):
        np.testing.assert_allclose(a.numpy(), b.numpy(), atol=atol)


def test_synchronised_batch_norm_and_the_average_equal_those_of_one_device(replicas):
    one = dcgan()
    with replicas.scope():
        two = dcgan()
    two.set_weights(one.get_weights())
    for gan in (one, two):
        gan.fit(batches(images(80), 16), epochs=4, verbose=0)
    assert one.step.numpy() == two.step.numpy() == 20
    close(one, two)
    for variable in two.weights:  # every replica holds the same
        a, b = (value.numpy() for value in variable.value.values)
        np.testing.assert_array_equal(a, b)


@pytest.mark.slow
def test_executions_of_several_steps(replicas):
    with replicas.scope():
        one, four = dcgan(), dcgan(steps_per_execution=4)
    four.set_weights(one.get_weights())
    for gan in (one, four):
        gan.fit(batches(images(64), 16), epochs=2, verbose=0)
    assert one.step.numpy() == four.step.numpy() == 8
    close(one, four)


def test_each_replica_draws_its_own_rows_of_one_global_minibatch(replicas, toy):
    with replicas.scope():
        gan = toy()

    @tf.function
    def draw():
        return replicas.run(lambda: gan.draws("latents").normal([3, 2]))

    rows = np.concatenate([part.numpy() for part in replicas.experimental_local_results(draw())])
    np.testing.assert_array_equal(rows, kgan.randomness.Draws(0, "latents", [0, 0]).normal([6, 2]))
    assert not np.array_equal(rows[:3], rows[3:])


@pytest.mark.parametrize("mapped", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_batches_that_cannot_be_shared_are_cut_and_it_is_said(replicas, toy, ring, mapped):
    """160 rows make 4 batches of 33 and one of 28; four rows at a time go to 2 steps on 2 replicas."""
    with replicas.scope():
        gan = toy(kgan.StandardGAN, discriminator_steps=2)
    data = batches(ring, 33).map(lambda x: x * 1.0) if mapped else batches(ring, 33)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        history = gan.fit(data, verbose=0).history
    said = [str(w.message) for w in caught if "A batch of 33 cannot be shared equally" in str(w.message)]
    assert len(said) == 1 and "it is cut to a multiple of 4" in said[0]
    assert gan.step.numpy() == 5
    assert np.isfinite(history["d_loss"]).all()


def test_arrays_are_batched_in_equal_shares(replicas, toy, ring):
    with replicas.scope():
        gan = toy(kgan.StandardGAN, discriminator_steps=2)
    gan.fit(ring, batch_size=33, verbose=0)  # 160 = 5 * 32: nothing is left out, and nothing is said
    assert gan.step.numpy() == 5
    with pytest.warns(UserWarning, match="150 examples make 4 batches of 32; in each epoch 22 are left out"):
        gan.fit(ring[:150], batch_size=33, verbose=0)
    with pytest.raises(ValueError, match="A batch of 3 is too small to be shared by 4"):
        gan.fit(ring, batch_size=3, verbose=0)


@pytest.mark.filterwarnings("ignore:A batch of")
def test_shared_batches_hold_what_one_device_would_see():
    def first(size, count):
        return [part[0] for part in training.shared(batches(np.arange(count), size), divisor=4).as_numpy_iterator()]

    assert first(33, 103) == [0, 33, 66, 99]
    assert first(32, 96) == [0, 32, 64]
    with pytest.raises(tf.errors.InvalidArgumentError, match="A batch of 1 is too small to be shared by 4"):
        first(33, 100)


@pytest.mark.slow
def test_validation_on_odd_numbers_of_examples(replicas, toy, ring):
    with replicas.scope():
        gan = toy(kgan.StandardGAN)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        history = gan.fit(batches(ring, 40), validation_data=ring[:33], verbose=0).history
        assert np.isfinite(history["val_d_loss"]).all()
        assert np.isfinite(gan.evaluate(ring[:33], verbose=0)).all()
    with pytest.raises(ValueError, match="validation_split works on one device only"):
        gan.fit(ring, validation_split=0.2, verbose=0)


def test_a_resume_on_two_replicas_is_exact(replicas, tmp_path):
    def script(folder, epochs, gan=None):
        with replicas.scope():
            gan = dcgan(lambda: keras.optimizers.Adam(1e-3))
        gan.set_weights(first)
        gan.run_dir = tmp_path / folder
        stream = kgan.datasets.NPZ(tmp_path / "images.npz").batches(16)
        gan.fit(stream, epochs=epochs, steps_per_epoch=3, callbacks=[Checkpoint(every=2)], verbose=0)
        return gan

    first = dcgan().get_weights()
    np.savez(tmp_path / "images.npz", images=np.random.default_rng(0).integers(0, 256, [40, 8, 8, 1], np.uint8))
    whole = script("whole", 3)
    script("parts", 1)
    parts = script("parts", 3)
    for a, b in zip(numbers(whole), numbers(parts), strict=True):
        np.testing.assert_array_equal(a, b)


def test_an_overflow_on_the_second_replica_is_skipped_on_both(replicas):
    with replicas.scope(), precision.policy("mixed_float16"):
        gan = kgan.StandardGAN(
            kgan.architectures.MLPGenerator((2,), 3, [8]), kgan.architectures.MLPDiscriminator((2,), [8])
        )
        gan.compile(generator_optimizer="sgd", discriminator_optimizer="sgd")
    before = [weight.numpy() for weight in gan.discriminator.weights]

    @tf.function
    def step():
        def one():
            replica = tf.distribute.get_replica_context().replica_id_in_sync_group
            bad = tf.where(tf.equal(replica, 1), np.float32(np.inf), 0.0)
            gan.apply([tf.zeros_like(w.value) + bad for w in gan.discriminator.trainable_variables], gan.discriminator)

        replicas.run(one)

    scale = float(gan.discriminator_optimizer.scale_loss(1.0))
    step()
    for old, weight in zip(before, gan.discriminator.weights, strict=True):
        np.testing.assert_array_equal(old, weight.numpy())
    assert float(gan.discriminator_optimizer.scale_loss(1.0)) == scale / 2


@pytest.mark.parametrize(
    ("layer", "sentence"),
    [
        (
            lambda: keras.layers.BatchNormalization(),
            r"apart; use kgan.layers.BatchNormalization, or make it with BatchNormalization\(synchronized=True\)",
        ),
        (
            lambda: keras.layers.Dropout(0.5),
            "same numbers; use kgan.layers.Dropout or kgan.layers.GaussianNoise, or train on",
        ),
    ],
)
def test_layers_that_replicas_would_get_wrong_are_refused(replicas, layer, sentence):
    with replicas.scope():
        discriminator = keras.Sequential([keras.Input([2]), keras.layers.Dense(4), layer(), keras.layers.Dense(1)])
        gan = kgan.StandardGAN(kgan.architectures.MLPGenerator((2,), 3, [8]), discriminator)
        with pytest.raises(ValueError, match=sentence):
            gan.compile(generator_optimizer="adam", discriminator_optimizer="adam")


def test_what_a_step_refuses_is_one_line_there_too(replicas, toy, ring):
    with replicas.scope():
        gan = toy(kgan.StandardGAN)
    weighted = tf.data.Dataset.from_tensor_slices((ring, np.zeros(len(ring), "int32"), np.ones(len(ring)))).batch(32)
    with pytest.raises(ValueError, match="^class_weight and sample_weight have no meaning"):
        gan.fit(weighted, verbose=0)
