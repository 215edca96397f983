"""The objectives that pin a pair of equations: what they pin, their first step, what they refuse."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import kgan
from kgan import losses

SURE = 50.0


def networks():
    """A generator that makes zeros and a critic D(x) = x[0]."""
    generator = keras.Sequential([keras.Input([3]), keras.layers.Dense(2, kernel_initializer="zeros")])
    critic = keras.Sequential([keras.Input([2]), keras.layers.Dense(1)])
    critic.layers[0].kernel.assign([[1.0], [0.0]])
    return generator, critic


def losses_of(gan, level):
    """(d_loss, g_loss) on data with the score `level`, against fakes with the score 0."""
    gan.compile(generator_optimizer="sgd", discriminator_optimizer="sgd")
    return gan.test_on_batch(np.full([4, 2], level, "float32"))[:2]


def softplus(x):
    return np.log1p(np.exp(x))


@pytest.mark.parametrize(
    ("objective", "options", "d_loss", "g_loss"),
    [
        (kgan.LSGAN, {}, lambda s: (s - 1) ** 2 / 2, lambda s: 0.5),
        (kgan.GeometricGAN, {}, lambda s: max(0, 1 - s) + 1, lambda s: 0.0),
        (kgan.BSGAN, {}, lambda s: softplus(-s) + np.log(2), lambda s: 0.0),
        (kgan.FGAN, {}, lambda s: np.exp(-1) - s, lambda s: -np.exp(-1)),
        (kgan.FGAN, {"divergence": "pearson"}, lambda s: -s, lambda s: 0.0),
        (kgan.FGAN, {"divergence": "gan", "alternative": True},
         lambda s: softplus(-s) + np.log(2), lambda s: np.log(2)),
        (kgan.RelativisticGAN, {}, lambda s: softplus(-s), lambda s: softplus(s)),
        (kgan.R3GAN, {}, lambda s: softplus(-s) + 0.05, lambda s: softplus(s)),  # |grad D| = 1: 0.025 for R1 and for R2
        (kgan.StandardGAN, {}, lambda s: softplus(-s) + np.log(2), lambda s: np.log(2)),
    ],
)  # fmt: skip
def test_the_first_losses(objective, options, d_loss, g_loss):
    for level in (-0.5, 0.75, 2.0):
        found = losses_of(objective(*networks(), **options), level)
        np.testing.assert_allclose(found, [d_loss(level), g_loss(level)], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("objective", "options", "perfect"),
    [
        (kgan.StandardGAN, {}, 0.0),
        (kgan.StandardGAN, {"adversarial_loss": losses.NonSaturating(real_labels=0.9)}, 0.3250830),
        (kgan.LSGAN, {}, 0.0),
        (kgan.LSGAN, {"adversarial_loss": losses.LeastSquares(real_labels=(0.7, 1.3))}, 0.36 / 24),
        (kgan.GeometricGAN, {}, 0.0),
        (kgan.BSGAN, {}, 0.0),
        (kgan.FGAN, {}, None),
        (kgan.FGAN, {"divergence": "squared_hellinger"}, -2.0),
        (kgan.FGAN, {"divergence": "jensen_shannon"}, -2 * np.log(2)),
        (kgan.FGAN, {"divergence": "gan"}, 0.0),
        (kgan.RelativisticGAN, {}, 0.0),
        (kgan.R3GAN, {}, 0.0),
    ],
)
def test_the_perfect_discriminators_loss(objective, options, perfect):
    gan = objective(*networks(), **options)
    assert gan.perfect_d_loss == (None if perfect is None else pytest.approx(perfect, rel=1e-6))


def test_the_perfect_loss_is_reached_by_a_critic_that_is_sure():
    assert losses_of(kgan.RelativisticGAN(*networks()), SURE)[0] == pytest.approx(0.0, abs=1e-6)
    generator, critic = networks()
    critic.layers[0].bias.assign([-SURE / 2])
    for objective in (kgan.StandardGAN, kgan.GeometricGAN, kgan.BSGAN):
        assert losses_of(objective(generator, critic), SURE)[0] == pytest.approx(0.0, abs=1e-6)


def test_relativistic_scores_have_no_zero(toy, ring):
    """A constant added to all scores changes neither loss and neither gradient."""
    gan = toy(kgan.RelativisticGAN)
    values = gan.inspect(ring[:20])
    gan.discriminator.layers[-1].bias.assign_add([7.0])
    moved = gan.inspect(ring[:20])
    for name in ("d_loss", "g_loss", "generator_gradient", "discriminator_gradient"):
        assert moved[name] == pytest.approx(values[name], rel=1e-4)
    assert moved["score_mean"] == pytest.approx(values["score_mean"] + 7, rel=1e-5)


def test_a_step_of_the_relativistic_gan_written_out(toy, ring):
    """The same step by hand, with plain SGD: one update of the discriminator and one of the generator, on pairs."""
    gan = toy(kgan.RelativisticGAN, lambda: keras.optimizers.SGD(0.1))
    twin = toy(kgan.RelativisticGAN, lambda: keras.optimizers.SGD(0.1))
    twin.set_weights(gan.get_weights())
    generator, critic, x = twin.generator, twin.discriminator, tf.constant(ring[:8])
    for update, network in enumerate((critic, generator)):
        twin._moment.update = update
        z = twin.draws("latents").normal([8, 3])
        with tf.GradientTape() as tape:
            margin = critic(x) - critic(generator(z))
            loss = -tf.reduce_mean(tf.math.log_sigmoid(margin if network is critic else -margin))
        weights = network.trainable_variables
        for weight, slope in zip(weights, tape.gradient(loss, [w.value for w in weights]), strict=True):
            weight.assign_sub(0.1 * slope)
    gan.train_on_batch(ring[:8])
    for one, other in zip([*gan.generator.weights, *gan.discriminator.weights],
                          [*generator.weights, *critic.weights], strict=True):  # fmt: skip
        np.testing.assert_allclose(one.numpy(), other.numpy(), atol=1e-6)


def test_pairs_share_their_label():
    """The generator copies its label into the image, and D(x, y) = 100 (x - y): only within a pair it is small."""
    z, y = keras.Input([2]), keras.Input([1])
    generator = keras.Model([z, y], keras.layers.Dense(1, use_bias=False)(keras.layers.Concatenate()([z, y])))
    generator.layers[-1].kernel.assign([[0.0], [0.0], [1.0]])
    x, y = keras.Input([1]), keras.Input([1])
    critic = keras.Model([x, y], keras.layers.Dense(1, use_bias=False)(keras.layers.Concatenate()([x, y])))
    critic.layers[-1].kernel.assign([[100.0], [-100.0]])
    gan = kgan.RelativisticGAN(generator, critic)
    gan.compile(generator_optimizer="sgd", discriminator_optimizer="sgd")
    labels = np.float32([[0.0], [1.0], [2.0], [3.0]])
    np.testing.assert_allclose(gan.test_on_batch(labels, labels)[:2], [np.log(2)] * 2, rtol=1e-5)


def test_labels_of_a_game_are_drawn_anew_at_each_update(toy, ring):
    """With soft labels and a learning rate of 0 only the draw changes the loss of the same batch."""
    loss = losses.NonSaturating(real_labels=(0.7, 1.2), fake_labels=(0.0, 0.3), flip=0.1)

    def make(adversarial_loss, **options):
        gan = toy(kgan.StandardGAN, adversarial_loss=adversarial_loss, **options)
        gan._latents = lambda draws, count: tf.zeros([count, 3])
        return gan

    def values(gan):
        found = []
        for step in range(3):
            gan.step.assign(step)
            found.append(gan.inspect(ring[:20])["d_loss"])
        return found

    assert len(set(values(make(losses.NonSaturating())))) == 1
    soft = make(loss)
    assert len(set(values(soft))) == 3 and values(soft) == values(soft)


def test_two_replicas_with_soft_and_noisy_labels_equal_one_device(toy, ring, replicas):
    loss = losses.NonSaturating(real_labels=(0.7, 1.2), fake_labels=(0.0, 0.3), flip=0.1)
    one = toy(kgan.StandardGAN, lambda: keras.optimizers.SGD(0.03), adversarial_loss=loss)
    with replicas.scope():
        two = toy(kgan.StandardGAN, lambda: keras.optimizers.SGD(0.03), adversarial_loss=loss)
    two.set_weights(one.get_weights())
    options = tf.data.Options()
    options.autotune.enabled = False
    for gan in (one, two):
        gan.fit(tf.data.Dataset.from_tensor_slices(ring).batch(40).with_options(options), epochs=2, verbose=0)
    for a, b in zip(one.weights, two.weights, strict=True):
        np.testing.assert_allclose(a.numpy(), b.numpy(), atol=1e-6)


def test_an_unnormalised_discriminator_is_refused_by_name():
    generator, critic = networks()
    with pytest.raises(ValueError, match="/kernel' has no spectral normalisation; wrap its layer in"):
        kgan.SNGAN(generator, critic)
    wrapped = keras.Sequential(
        [keras.Input([2]), kgan.layers.SpectralNormalization(keras.layers.Dense(4)), keras.layers.Dense(1)]
    )
    with pytest.raises(ValueError, match="has no spectral normalisation"):
        kgan.SNGAN(generator, wrapped)
    with pytest.raises(ValueError, match="'spectral_normalization.*' has a learned scale, which bounds nothing; leave"):
        kgan.SNGAN(generator, kgan.architectures.MLPDiscriminator((2,), (4,), normalization="scaled_spectral"))
    kgan.SNGAN(generator, kgan.architectures.MLPDiscriminator((2,), (4,), normalization="spectral"))


def test_the_configuration_of_an_f_gan_comes_back(toy):
    gan = toy(kgan.FGAN, divergence="reverse_kl", alternative=True)
    config = gan.get_config()
    assert config["divergence"] == "reverse_kl" and "adversarial_loss" not in config
    again = kgan.FGAN.from_config(config)
    assert again.adversarial_loss.divergence == "reverse_kl" and again.adversarial_loss.alternative
    with pytest.raises(ValueError, match="divergence must be one of kl, "):
        toy(kgan.FGAN, divergence="hellinger")
