"""Every trick with every objective where it has a meaning. Steps are eager: nothing is traced."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import kgan
from kgan import configurable
from kgan.augment import Augmentation, DiffAugment, InstanceNoise
from kgan.randomness import Draws
from kgan.runs import checkpoint
from kgan.tricks.replay import Replay
from kgan.tricks.top_k import TopK
from tests.conformance.test_objectives import ALGORITHMS, OBJECTIVES
from tests.conftest import numbers

TRICKS = {
    "augment": lambda: InstanceNoise(0.3, decay_steps=4),
    "replay": lambda: Replay(capacity=50),
    "top_k": lambda: TopK(0.5, decay_steps=2),
}
# Both players see the same fakes, or the fakes belong to codes; the loss is no mean over fakes alone.
WITHOUT = {
    "augment": set(),
    "replay": {kgan.SimultaneousGAN, kgan.ConsensusGAN, kgan.InfoGAN, kgan.MGAN},
    "top_k": {
        kgan.ACGAN, kgan.BEGAN, kgan.ConsensusGAN, kgan.EBGAN, kgan.FeatureMatchingGAN, kgan.HistoricalAveragingGAN,
        kgan.InfoGAN, kgan.MGAN, kgan.R3GAN, kgan.RelativisticGAN, kgan.UnrolledGAN,
    },
}  # fmt: skip


class Blank(Augmentation):
    """Shows nothing."""

    def __call__(self, images, draws, step):
        return 0 * images


class Spy(Augmentation):
    """Notes one random number of each look."""

    def __init__(self):
        self.seen = []

    def __call__(self, images, draws, step):
        self.seen.append(float(draws.uniform([1])[0]))
        return images


@pytest.fixture
def toy(toy):
    few = {"discriminator_steps": 2, "unroll_steps": 1, "consensus_weight": 0.1}

    def make(objective, **options):
        keras.utils.set_random_seed(0)
        known = configurable.arguments(objective)
        options = {name: value for name, value in (few | options).items() if name in known}
        return toy(objective, lambda: keras.optimizers.SGD(0.01), compiled={"run_eagerly": True}, **options)

    return make


def data(ring, objective, count=20):
    return (ring[:count], np.arange(count, dtype="int32") % 4) if objective is kgan.ACGAN else (ring[:count],)


@pytest.mark.parametrize("objective", OBJECTIVES, ids=lambda cls: cls.__name__)
def test_who_offers_what(objective):
    for trick, without in WITHOUT.items():
        offers = trick in configurable.arguments(objective)
        assert offers == (objective not in without), f"{trick}: give it to the constructor, or say above why not"


@pytest.mark.parametrize("objective", ALGORITHMS, ids=lambda cls: cls.__name__)
class TestEveryAlgorithm:
    @pytest.mark.few(4)
    def test_with_all_tricks_it_goes_on_bitwise_from_what_was_saved(self, toy, ring, objective, tmp_path):
        def make():
            return toy(objective, **{name: trick() for name, trick in TRICKS.items()})

        gan, batch = make(), data(ring, objective)
        for _ in range(2):
            gan.train_on_batch(*batch)
        gan.save_weights(tmp_path / "gan.weights.h5")
        again = make()
        again.load_weights(tmp_path / "gan.weights.h5")
        for one in (gan, again):
            one.train_on_batch(*batch)
        for a, b in zip(numbers(gan), numbers(again), strict=True):
            np.testing.assert_array_equal(a, b)
            assert np.isfinite(a).all()

    def test_nothing_the_generator_learns_goes_past_the_augmentation(self, toy, ring, objective):
        gan = toy(objective, augment=Blank())
        before = [weight.numpy() for weight in gan.generator.trainable_weights]
        gan.train_on_batch(*data(ring, objective))
        for old, weight in zip(before, gan.generator.trainable_weights, strict=True):
            np.testing.assert_array_equal(old, weight.numpy())

    def test_held_out_data_are_shown_as_they_are(self, toy, ring, objective):
        tricks = {name: trick() for name, trick in TRICKS.items()} | {"augment": Blank()}
        plain, tricky = toy(objective), toy(objective, **tricks)
        batch = data(ring, objective)
        values = [gan.test_on_batch(*batch, return_dict=True) for gan in (plain, tricky)]
        assert values[0] == values[1]

    def test_each_look_has_its_own_numbers(self, toy, ring, objective):
        """Real and fake, in each of the updates, in each of two steps."""
        gan = toy(objective, augment=Spy())
        for _ in range(2):
            gan.train_on_batch(*data(ring, objective))
        seen = gan.augment.seen
        assert len(seen) == len(set(seen)) >= 2 * (3 if gan.discriminator_steps == 1 else 5) - 2


@pytest.mark.parametrize("objective", [cls for cls in ALGORITHMS if cls not in WITHOUT["top_k"]])
def test_the_generator_steps_down_the_loss_of_its_best_fakes(toy, ring, objective):
    """By hand, from the optimizer's step: k of 10 fakes, sorted, after the discriminator has moved."""
    gan = toy(objective, top_k=TopK(0.3, decay_steps=1), discriminator_steps=1)
    if objective is kgan.SimultaneousGAN:
        gan.discriminator_optimizer.learning_rate.assign(0.0)
    gan.step.assign(1)
    generator = keras.models.clone_model(gan.generator)
    generator.set_weights(gan.generator.get_weights())
    z = Draws(gan.seed, "latents", [1, 1]).normal([10, 3])
    gan.train_on_batch(ring[:10])
    with tf.GradientTape() as tape:
        scores = tf.sort(gan.discriminator(generator(z))[:, 0], direction="DESCENDING")[:3]
        loss = gan.adversarial_loss.generator(scores) if hasattr(gan, "adversarial_loss") else -tf.reduce_mean(scores)
    for weight, slope, now in zip(
        generator.trainable_weights,
        tape.gradient(loss, [w.value for w in generator.trainable_weights]),
        gan.generator.trainable_weights,
        strict=True,
    ):
        np.testing.assert_allclose(now.numpy(), weight.numpy() - 0.01 * slope.numpy(), atol=1e-6)


def test_two_replicas_equal_one_device(ring, replicas):
    def make():
        keras.utils.set_random_seed(0)
        gan = kgan.WGANGP(
            kgan.architectures.MLPGenerator((2,), 3, (8,)), kgan.architectures.MLPDiscriminator((2,), (8,)),
            discriminator_steps=1, augment=InstanceNoise(0.5), top_k=TopK(0.5, decay_steps=2),
        )  # fmt: skip
        gan.compile(
            generator_optimizer=keras.optimizers.SGD(0.003), discriminator_optimizer=keras.optimizers.SGD(0.003)
        )
        return gan

    one = make()
    with replicas.scope():
        two = make()
    for gan in (one, two):
        gan.fit(ring, batch_size=40, shuffle=False, verbose=0)
    for a, b in zip(numbers(one), numbers(two), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-6)


def test_a_look_sees_things_as_they_are(toy, ring):
    plain, tricky = toy(kgan.StandardGAN), toy(kgan.StandardGAN, augment=Blank(), replay=Replay(50))
    assert plain.inspect(ring[:20]) == pytest.approx(tricky.inspect(ring[:20]))


@pytest.mark.parametrize("compiled", [{}, pytest.param({"jit_compile": True}, marks=pytest.mark.slow)])
def test_a_penalty_looks_through_the_augmentation_of_images(tmp_path, compiled):
    """Second derivatives included, and through a .keras file."""
    gan = kgan.WGANGP(
        kgan.architectures.MLPGenerator((8, 8, 3), 3, (8,)), kgan.architectures.MLPDiscriminator((8, 8, 3), (8,)),
        discriminator_steps=1, augment=DiffAugment(), replay=Replay(30), top_k=TopK(0.5, 10),
    )  # fmt: skip
    gan.compile(generator_optimizer="adam", discriminator_optimizer="adam", **compiled)
    x = tf.random.stateless_uniform([20, 8, 8, 3], [0, 0], -1, 1)
    gan.train_on_batch(x)
    gan.save(tmp_path / "gan.keras")
    again = keras.models.load_model(tmp_path / "gan.keras")
    assert again.get_config() == gan.get_config()
    for one in (gan, again):
        one.train_on_batch(x)
    for a, b in zip(numbers(gan), numbers(again), strict=True):
        np.testing.assert_array_equal(a, b)
    assert again.ring.written.numpy() == 40


def test_dropout_in_the_generator_goes_on_exactly(ring, tmp_path):
    """Noise inside G: Keras' own layers, on one device; a checkpoint holds the state that they draw from."""

    def make():
        keras.utils.set_random_seed(0)
        generator = keras.Sequential(
            [keras.Input([3]), keras.layers.Dense(8), keras.layers.Dropout(0.5), keras.layers.GaussianNoise(0.1),
             keras.layers.Dense(2)]
        )  # fmt: skip
        gan = kgan.StandardGAN(generator, kgan.architectures.MLPDiscriminator((2,), (8,)))
        gan.compile(generator_optimizer="adam", discriminator_optimizer="adam", run_eagerly=True)
        return gan

    gan, again = make(), make()
    gan.train_on_batch(ring[:20])
    commit = checkpoint.save(gan, tmp_path, {})
    checkpoint.restore(again, *checkpoint.latest(tmp_path))
    assert commit.exists() and len(gan.random_states) == 4  # two layers, and in the average
    for one in (gan, again):
        one.train_on_batch(ring[:20])
    for a, b in zip(numbers(gan), numbers(again), strict=True):
        np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(gan.sample(3), gan.sample(3))  # samples are made without it


def test_executions_of_several_steps_equal_single_ones(ring):
    def make(count):
        keras.utils.set_random_seed(0)
        gan = kgan.LSGAN(
            kgan.architectures.MLPGenerator((2,), 3, (8,)), kgan.architectures.MLPDiscriminator((2,), (8,)),
            **{name: trick() for name, trick in TRICKS.items()},
        )  # fmt: skip
        gan.compile(generator_optimizer="adam", discriminator_optimizer="adam", steps_per_execution=count)
        gan.fit(ring, batch_size=20, shuffle=False, verbose=0)
        return gan

    for a, b in zip(numbers(make(1)), numbers(make(4)), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-5)
