"""R1 and R2: closed forms, which samples they look at, the lazy variant in the game."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import kgan
from kgan.batch import Batch
from kgan.randomness import Draws
from kgan.regularizers import R1, R2
from tests.conftest import numbers

DRAWS = Draws(0, "penalty")


def batches(shape=(16, 3)):
    generator = np.random.default_rng(0)
    return [Batch(tf.constant(generator.normal(size=shape), tf.float32)) for _ in range(2)]


@pytest.mark.parametrize("penalty", [R1, R2])
@pytest.mark.parametrize("w", [[3.0, 4.0, 0.0], [0.3, 0.0, 0.4], [0.0, 0.0, 0.0]])
def test_a_linear_critics_penalty_and_its_gradient(penalty, w):
    w = tf.Variable(w)
    with tf.GradientTape() as tape:
        value = penalty(10.0)(lambda batch: tf.linalg.matvec(batch.images, w)[:, None], *batches(), DRAWS)
    assert float(value) == pytest.approx(10 * np.linalg.norm(w) ** 2 / 2, rel=1e-6)
    np.testing.assert_allclose(tape.gradient(value, w), 10 * w.numpy(), rtol=1e-6)  # weight * w


@pytest.mark.parametrize(("penalty", "which"), [(R1, 0), (R2, 1)])
def test_one_looks_at_data_and_the_other_at_fakes(penalty, which):
    both = batches((5, 4, 4, 2))
    value = penalty(1.0)(lambda batch: tf.reduce_sum(tf.square(batch.images), axis=[1, 2, 3]) / 2, *both, DRAWS)
    squares = (both[which].images.numpy().reshape(5, -1) ** 2).sum(axis=1)
    assert float(value) == pytest.approx(squares.mean() / 2, rel=1e-5)


@pytest.mark.parametrize("penalty", [R1, R2])
def test_a_conditional_critic_sees_the_labels_of_its_samples(penalty):
    """D(x, y) = y w.x has the gradient y w."""
    labels = [tf.constant([1.0, 2.0]), tf.constant([3.0, 4.0])]
    real, fake = (Batch(tf.zeros([2, 3]), y) for y in labels)
    value = penalty(2.0)(lambda b: b.labels * tf.linalg.matvec(b.images, [0.0, 3.0, 4.0]), real, fake, DRAWS)
    squares = np.square(labels[0] if penalty is R1 else labels[1])
    assert float(value) == pytest.approx(25 * squares.mean(), rel=1e-6)


@pytest.mark.parametrize("penalty", [R1, R2])
def test_wrong_arguments_get_a_sentence(penalty):
    with pytest.raises(ValueError, match="weight must be at least 0; got -1"):
        penalty(-1)
    with pytest.raises(ValueError, match="every must be at least 1; got 0"):
        penalty(every=0)


def linear_game(regularizers, k=1, **compiled):
    """D(x) = w.x without a bias, plain SGD of rate 1/10; the data and the fakes are 0, so only penalties move w."""
    generator = keras.Sequential([keras.Input([3]), keras.layers.Dense(2, kernel_initializer="zeros", use_bias=False)])
    critic = keras.Sequential([keras.Input([2]), keras.layers.Dense(1, use_bias=False)])
    critic.layers[0].kernel.assign([[3.0], [4.0]])
    gan = kgan.StandardGAN(generator, critic, regularizers=regularizers, discriminator_steps=k)
    gan.compile(
        generator_optimizer=keras.optimizers.SGD(0.1), discriminator_optimizer=keras.optimizers.SGD(0.1), **compiled
    )
    gan.active = ["discriminator"]
    return gan


@pytest.mark.parametrize("compiled", [{}, {"run_eagerly": True}, {"jit_compile": True}, {"steps_per_execution": 3}])
def test_a_lazy_penalty_acts_at_every_third_update_three_times_as_strongly(compiled):
    gan = linear_game([R1(0.5, every=3)], **compiled)
    seen = []
    size = keras.callbacks.LambdaCallback(
        on_train_batch_end=lambda batch, logs: seen.append(gan.discriminator.get_weights()[0])
    )
    gan.fit(np.zeros([12, 2], "float32"), batch_size=2, callbacks=[size], verbose=0)
    factor = 1 - 0.1 * 3 * 0.5  # w -= 0.1 * 3 * weight * w, in updates 0 and 3
    norms = [float(np.linalg.norm(w)) for w in seen]
    expected = [5 * factor] * 3 + [5 * factor**2] * 3
    if compiled.get("steps_per_execution"):
        assert norms[-1] == pytest.approx(expected[-1], rel=1e-6)
    else:
        assert norms == pytest.approx(expected, rel=1e-6)


def test_every_counts_the_discriminators_updates_not_the_generators():
    gan = linear_game([R2(0.5, every=3)], k=2)
    gan.fit(np.zeros([16, 2], "float32"), batch_size=4, verbose=0)  # 4 steps of 2: updates 0, 3 and 6 of 8
    assert np.linalg.norm(gan.discriminator.get_weights()[0]) == pytest.approx(5 * 0.85**3, rel=1e-6)


def test_held_out_values_have_the_whole_penalty_at_every_step():
    gan = linear_game([R1(0.5, every=3)])
    expected = 2 * np.log(2) + 0.5 * 25 / 2
    for step in range(3):
        gan.step.assign(step)
        value = gan.evaluate(np.zeros([4, 2], "float32"), batch_size=2, verbose=0, return_dict=True)["d_loss"]
        assert value == pytest.approx(expected, rel=1e-6)


@pytest.mark.slow
def test_two_replicas_equal_one_device_with_a_lazy_penalty(toy, ring, replicas):
    def make():
        return toy(
            kgan.StandardGAN, lambda: keras.optimizers.SGD(0.03), regularizers=[R1(1.0, every=2), R2(1.0, every=3)]
        )

    one, before = make(), make()
    with replicas.scope():
        two = make()
    for gan in (two, before):
        gan.set_weights(one.get_weights())
    options = tf.data.Options()
    options.autotune.enabled = False
    data = tf.data.Dataset.from_tensor_slices(ring).batch(20).with_options(options)
    for gan in (one, two):
        gan.fit(data, epochs=2, verbose=0)
    for a, b in zip(one.weights, two.weights, strict=True):
        np.testing.assert_allclose(a.numpy(), b.numpy(), atol=1e-6)
    assert not np.array_equal(one.discriminator.get_weights()[0], before.discriminator.get_weights()[0])


def normalized_game(regularizers, normalization=kgan.layers.BatchNormalization):
    discriminator = keras.Sequential(
        [keras.Input([2]), keras.layers.Dense(4), normalization(), keras.layers.Activation("tanh"),
         keras.layers.Dense(1)]
    )  # fmt: skip
    gan = kgan.StandardGAN(kgan.architectures.MLPGenerator((2,), 3, [8]), discriminator, regularizers=regularizers)
    gan.compile(generator_optimizer=keras.optimizers.SGD(0.03), discriminator_optimizer=keras.optimizers.SGD(0.03))
    return gan


@pytest.mark.few(1)
@pytest.mark.filterwarnings("ignore:`shuffle=True` was passed")
@pytest.mark.parametrize(
    "normalization",
    [kgan.layers.BatchNormalization, lambda: keras.layers.BatchNormalization(synchronized=True)],
    ids=["kgan's", "Keras'"],
)
def test_two_replicas_equal_one_device_with_a_penalty_and_synchronised_statistics(ring, replicas, normalization):
    """The gradient of one example runs through the statistics to the scores on the other replica."""
    one = normalized_game([R1(1.0), R2(1.0)], normalization)
    with replicas.scope():
        two = normalized_game([R1(1.0), R2(1.0)], normalization)
    two.set_weights(one.get_weights())
    for gan in (one, two):
        gan.fit(tf.data.Dataset.from_tensor_slices(ring[:80]).batch(20), verbose=0)
    for a, b in zip(one.weights, two.weights, strict=True):
        np.testing.assert_allclose(a.numpy(), b.numpy(), atol=1e-6)


@pytest.mark.parametrize("penalty", [R1, R2])
def test_a_lazy_penalty_of_synchronised_statistics_is_refused_on_several_replicas(penalty, replicas):
    with replicas.scope(), pytest.raises(ValueError, match=rf"{penalty.__name__}\(every=2\) needs .* take every=1"):
        normalized_game([R1(1.0), penalty(1.0, every=2)])
    gan = normalized_game([penalty(1.0, every=2)])
    assert np.isfinite(gan.fit(np.ones([8, 2], "float32"), batch_size=4, verbose=0).history["d_loss"]).all()


def test_a_lazy_penalty_goes_on_after_saving(toy, ring, tmp_path):
    gan = toy(kgan.StandardGAN, regularizers=[R1(1.0, every=3)])
    gan.fit(ring[:40], batch_size=10, shuffle=False, verbose=0)  # 4 steps: in the middle of a period
    gan.save(tmp_path / "gan.keras")
    loaded = keras.models.load_model(tmp_path / "gan.keras")
    assert loaded.regularizers[0].every == 3
    for model in (gan, loaded):
        model.fit(ring[:40], batch_size=10, shuffle=False, verbose=0)
    for a, b in zip(numbers(gan), numbers(loaded), strict=True):
        np.testing.assert_array_equal(a, b)


def operations(gan):
    """The types of the operations of a step."""
    step = tf.function(gan.train_step).get_concrete_function(tf.TensorSpec([4, 2]))
    return {operation.type for operation in step.graph.get_operations()}


def test_only_a_lazy_penalty_brings_a_condition():
    conditions = {"If", "StatelessIf"}
    assert not conditions & operations(linear_game([R1(1.0), R2(1.0)]))
    assert conditions & operations(linear_game([R1(1.0, every=4)]))
