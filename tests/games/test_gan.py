"""The verbs: who sees what, who moves, and when."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import kgan
from kgan.batch import Batch
from tests.conftest import numbers


def one_batch(x, size=40):
    return tf.data.Dataset.from_tensor_slices(x).batch(size, drop_remainder=True).take(1)


def test_minibatches_are_disjoint_strided_and_together_the_whole(toy, ring):
    gan = toy(discriminator_steps=4)
    parts = [batch.images.numpy() for batch in gan.minibatches(tf.constant(ring[:8]))]
    assert [part.shape for part in parts] == [(2, 2)] * 4
    np.testing.assert_array_equal(parts[1], ring[[1, 5]])
    np.testing.assert_array_equal(np.sort(np.concatenate(parts), axis=0), np.sort(ring[:8], axis=0))


def test_labels_go_with_their_images(toy, ring):
    gan = toy(discriminator_steps=2)
    labels = tf.range(8)
    batches = list(gan.minibatches((tf.constant(ring[:8]), labels)))
    np.testing.assert_array_equal(batches[1].labels, [1, 3, 5, 7])
    np.testing.assert_array_equal(batches[1].images, ring[[1, 3, 5, 7]])


def test_every_update_draws_other_latents_and_every_step_too(toy, ring):
    gan = toy(discriminator_steps=5)
    gan.run_eagerly = True
    seen = []
    draw = gan._latents
    gan._latents = lambda draws, count: seen.append(draw(draws, count).numpy()) or seen[-1]
    gan.fit(one_batch(ring), epochs=2, verbose=0)
    assert len(seen) == 2 * 6  # five for the critic, one for the generator, twice
    assert len({latents.tobytes() for latents in seen}) == 12


def test_draws_are_functions_of_seed_step_and_update_only(toy, ring):
    one, other = toy(seed=1), toy(seed=1)
    keras.random.normal([7])  # the global state of the libraries has no part in it
    np.testing.assert_array_equal(one.draws("latents").normal([4, 3]), other.draws("latents").normal([4, 3]))
    assert not np.allclose(one.draws("latents").normal([4, 3]), toy(seed=2).draws("latents").normal([4, 3]))
    other.step.assign(1)
    assert not np.allclose(one.draws("latents").normal([4, 3]), other.draws("latents").normal([4, 3]))


def test_the_discriminators_update_moves_its_trainable_variables_only(toy, ring):
    gan = toy(kgan.WGANGP)
    before = [variable.numpy() for variable in gan.weights]
    real = Batch(tf.constant(ring[:8]))
    with tf.GradientTape() as tape:
        fake = gan.fakes(real)
        loss = tf.reduce_mean(gan.score(fake)) - tf.reduce_mean(gan.score(real))
        loss += gan.penalties(gan.discriminator, real, fake)
    gan.descend(loss, tape, gan.discriminator)
    ours = {id(variable) for variable in gan.discriminator.trainable_variables}
    for variable, old in zip(gan.weights, before, strict=True):
        moved = not np.array_equal(variable.numpy(), old)
        # The bias of a difference of means has no gradient.
        assert moved == (id(variable) in ours and variable.path != "scores/bias"), variable.path
    assert gan.discriminator_optimizer.iterations.numpy() == 1
    assert gan.generator_optimizer.iterations.numpy() == 0


def test_fakes_carry_no_gradient(toy, ring):
    gan = toy()
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(gan.fakes(Batch(tf.constant(ring[:4]))).images)
    assert tape.gradient(loss, gan.generator.trainable_variables[0].value) is None


@pytest.mark.parametrize("k", [1, 3])
def test_k_discriminator_updates_per_generator_update(toy, ring, k):
    gan = toy(discriminator_steps=k)
    gan.fit(one_batch(ring, 12), epochs=4, verbose=0)
    assert gan.step.numpy() == gan.generator_optimizer.iterations.numpy() == 4
    assert gan.discriminator_optimizer.iterations.numpy() == 4 * k


def test_a_step_of_wgan_gp_is_algorithm_1_written_out(toy, ring):
    """The same step by hand, with plain SGD: two critic updates and one of the generator."""
    gan = toy(kgan.WGANGP, lambda: keras.optimizers.SGD(0.01), discriminator_steps=2)
    twin = toy(kgan.WGANGP, lambda: keras.optimizers.SGD(0.01), discriminator_steps=2)
    twin.set_weights(gan.get_weights())
    generator, critic, x = twin.generator, twin.discriminator, tf.constant(ring[:8])
    for j in range(2):
        twin._moment.update = j
        real, z = x[j::2], twin.draws("latents").normal([4, 3])
        u = twin.draws("regularizer 0").uniform([4, 1])
        with tf.GradientTape() as tape:
            fake = generator(z)
            mixed = u * real + (1 - u) * fake
            with tf.GradientTape() as inner:
                inner.watch(mixed)
                score = critic(mixed)
            norm = tf.norm(inner.gradient(score, mixed), axis=1)
            loss = tf.reduce_mean(critic(fake) - critic(real) + 10 * (norm[:, None] - 1) ** 2)
        weights = critic.trainable_variables
        for weight, slope in zip(weights, tape.gradient(loss, [w.value for w in weights]), strict=True):
            weight.assign_sub(0.01 * slope)
    twin._moment.update = 2
    with tf.GradientTape() as tape:
        loss = -tf.reduce_mean(critic(generator(twin.draws("latents").normal([4, 3]))))
    weights = generator.trainable_variables
    for weight, slope in zip(weights, tape.gradient(loss, [w.value for w in weights]), strict=True):
        weight.assign_sub(0.01 * slope)

    gan.train_on_batch(ring[:8])
    for network in ("generator", "discriminator"):
        for mine, hand in zip(getattr(gan, network).weights, getattr(twin, network).weights, strict=True):
            np.testing.assert_allclose(mine.numpy(), hand.numpy(), atol=1e-6)


def test_a_batch_that_does_not_divide_is_cut_and_said_once(toy, ring):
    gan = toy(discriminator_steps=5)
    with pytest.warns(UserWarning, match="A batch of 32 does not divide into 5 discriminator steps") as caught:
        gan.fit(ring[:96], batch_size=32, verbose=0)
    assert len(caught) == 1
    gan.fit(ring[:96], batch_size=32, verbose=0)


def test_a_batch_too_small_to_cut_is_an_error(toy, ring):
    gan = toy(discriminator_steps=5, compiled={"run_eagerly": True})
    with pytest.raises(ValueError, match="A batch of 3 is too small for 5"):
        gan.fit(ring[:3], batch_size=3, verbose=0)


def test_uint8_images_are_refused():
    gan = kgan.StandardGAN(
        kgan.architectures.MLPGenerator(data_shape=(2,), latent_dim=3, units=(8,)),
        kgan.architectures.MLPDiscriminator(data_shape=(2,), units=(8,)),
    )
    gan.compile(generator_optimizer="adam", discriminator_optimizer="adam")
    with pytest.raises(ValueError, match=r"float images in \[-1, 1\]; got uint8"):
        gan.fit(np.zeros([32, 2], "uint8"), verbose=0)


@pytest.mark.filterwarnings("ignore:Your input ran out of data")
def test_counters_do_not_run_ahead_when_the_data_end(toy, ring):
    """Of a stream of unknown length, TensorFlow runs what does not depend on the batch once more."""
    gan = toy(discriminator_steps=1)
    stream = tf.data.Dataset.from_generator(
        lambda: (ring[i : i + 8] for i in range(0, 32, 8)), output_signature=tf.TensorSpec([8, 2])
    )
    gan.fit(stream, epochs=3, verbose=0, shuffle=False)
    assert gan.step.numpy() == gan.generator_optimizer.iterations.numpy() == 12


def test_ema_follows_its_recursion_and_starts_fast(toy, ring):
    gan = toy(discriminator_steps=1, ema=0.9)
    average = [weight.numpy() for weight in gan.ema_generator.weights]
    for n in range(3):
        gan.train_on_batch(ring[:8])
        decay = min(0.9, (1 + n) / (10 + n))
        average = [
            decay * old + (1 - decay) * weight.numpy()
            for old, weight in zip(average, gan.generator.weights, strict=True)
        ]
    for mine, expected in zip(gan.ema_generator.weights, average, strict=True):
        np.testing.assert_allclose(mine.numpy(), expected, atol=1e-6)


def test_ema_takes_in_the_statistics_of_batch_normalisation():
    gan = kgan.StandardGAN(
        kgan.architectures.DCGANGenerator((8, 8, 1), latent_dim=4, width=4),
        kgan.architectures.DCGANDiscriminator((8, 8, 1), width=4),
        ema=0.0,
    )
    gan.compile(generator_optimizer="adam", discriminator_optimizer="adam")
    gan.train_on_batch(np.zeros([8, 8, 8, 1], "float32"))
    for average, weight in zip(gan.ema_generator.weights, gan.generator.weights, strict=True):
        np.testing.assert_array_equal(average.numpy(), weight.numpy())
    z = np.random.default_rng(0).normal(size=[4, 4]).astype("float32")
    np.testing.assert_allclose(gan(z), gan.generator(z, training=False), atol=1e-6)


def test_evaluating_changes_nothing_and_repeats_itself():
    gan = kgan.StandardGAN(
        kgan.architectures.DCGANGenerator((8, 8, 1), latent_dim=4, width=4),
        kgan.architectures.DCGANDiscriminator((8, 8, 1), width=4),
    )
    gan.compile(generator_optimizer="adam", discriminator_optimizer="adam")
    x = np.random.default_rng(0).uniform(-1, 1, [12, 8, 8, 1]).astype("float32")
    gan.fit(x, batch_size=4, verbose=0)
    before = numbers(gan)
    one = gan.evaluate(x, batch_size=4, verbose=0, return_dict=True)
    other = gan.evaluate(x, batch_size=4, verbose=0, return_dict=True)
    assert one == other and set(one) == {"d_loss", "g_loss"}
    for old, new in zip(before, numbers(gan), strict=True):
        np.testing.assert_array_equal(old, new)


def test_each_validation_batch_has_its_own_latents(toy, ring):
    gan = toy(discriminator_steps=1, compiled={"run_eagerly": True})
    seen = []
    draw = gan._latents
    gan._latents = lambda draws, count: seen.append(draw(draws, count).numpy()) or seen[-1]
    gan.evaluate(ring[:24], batch_size=8, verbose=0)
    # One minibatch a batch; the critic's fakes and the generator's share the moment, so three in all.
    assert len({latents.tobytes() for latents in seen}) == 3


def test_samples_are_a_function_of_the_seed_and_prefix_stable(toy):
    gan = toy()
    samples = gan.sample(10, seed=3)
    assert samples.shape == (10, 2) and samples.dtype == np.float32
    np.testing.assert_array_equal(samples, gan.sample(10, seed=3))
    np.testing.assert_allclose(gan.sample(4, seed=3), samples[:4], atol=1e-6)
    np.testing.assert_allclose(gan.sample(10, seed=3, batch_size=3), samples, atol=1e-6)
    assert not np.allclose(gan.sample(10, seed=4), samples)
    np.testing.assert_allclose(gan.predict(gan.latents(10, seed=3), verbose=0), samples, atol=1e-6)


def test_truncated_latents_follow_the_cut_normal(toy):
    from scipy import stats

    gan = toy()
    z = gan.latents(4000, seed=0, truncation=0.5).numpy().ravel()
    assert np.abs(z).max() <= 0.5
    assert stats.kstest(z, stats.truncnorm(-0.5, 0.5).cdf).pvalue > 0.01
    wide = gan.latents(4000, seed=0, truncation=8.0).numpy().ravel()
    assert stats.kstest(wide, "norm").pvalue > 0.01
    for wrong in (0.0, -1.0):
        with pytest.raises(ValueError, match="truncation must be above 0"):
            gan.sample(4, truncation=wrong)


@pytest.mark.parametrize("truncation", [0.01, 0.5, 1.0, 3.0, 10.0, 38.0, 1e6, float("inf")])
def test_the_outermost_draws_of_a_truncated_latent_are_finite_and_inside(toy, monkeypatch, truncation):
    """The smallest and the largest of the 2^23 uniform numbers, and what is no such end stays as it was."""
    from scipy import stats

    from kgan.randomness import Draws

    gan = toy()
    u = np.float32([0, 2.0**-23, 0.5, 1 - 2.0**-23])
    monkeypatch.setattr(Draws, "uniform", lambda self, shape: tf.broadcast_to(u[:, None], shape))
    z = gan.latents(4, truncation=truncation).numpy()[:, 0]
    assert np.isfinite(z).all() and (-truncation < z).all() and (z < truncation).all()
    assert (np.diff(z) > 0).all()
    edge = stats.norm.sf(truncation)
    middles = np.float64([2.0**-24, *u[1:]])
    np.testing.assert_allclose(z, stats.norm.ppf(edge + middles * (1 - 2 * edge)), rtol=1e-6, atol=1e-7 * z[-1])


def test_priors(toy):
    from scipy import stats

    assert stats.kstest(toy().latents(2000).numpy().ravel(), "norm").pvalue > 0.01
    uniform = toy(prior="uniform").latents(2000).numpy().ravel()
    assert stats.kstest(uniform, stats.uniform(-1, 2).cdf).pvalue > 0.01
    with pytest.raises(ValueError, match="needs the normal prior"):
        toy(prior="uniform").sample(4, truncation=1.0)


def test_a_conditional_game_shows_each_network_the_labels(ring):
    z, y = keras.Input([3]), keras.Input([], dtype="int32")
    generator = keras.Model(
        [z, y], keras.layers.Dense(2)(keras.layers.Concatenate()([z, keras.layers.Embedding(4, 3)(y)]))
    )
    x, y = keras.Input([2]), keras.Input([], dtype="int32")
    critic = keras.Model(
        [x, y], keras.layers.Dense(1)(keras.layers.Concatenate()([x, keras.layers.Embedding(4, 3)(y)]))
    )
    gan = kgan.WGANGP(generator, critic, discriminator_steps=2)
    gan.compile(generator_optimizer="adam", discriminator_optimizer="adam")
    gan.fit(ring, np.arange(160) % 4, batch_size=32, verbose=0)
    assert gan.sample(5, labels=2).shape == (5, 2)
    np.testing.assert_allclose(gan.sample(4, labels=[2, 2, 2, 2]), gan.sample(5, labels=2)[:4], atol=1e-6)
    with pytest.raises(ValueError, match="say which samples to make with labels="):
        gan.sample(4)
    with pytest.raises(ValueError, match="fit it on \\(images, labels\\)"):
        gan.train_on_batch(ring[:32])


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"discriminator_steps": 0}, "discriminator_steps must be from 1 to 1000"),
        ({"ema": 1.0}, r"ema must be in \[0, 1\)"),
        ({"prior": "cauchy"}, '"normal" or "uniform"'),
    ],
)
def test_wrong_arguments_get_a_sentence(toy, options, sentence):
    with pytest.raises(ValueError, match=sentence):
        toy(**options)


def test_networks_must_fit_each_other_and_be_built():
    generator = kgan.architectures.MLPGenerator(data_shape=(2,), latent_dim=3)
    with pytest.raises(ValueError, match=r"The generator makes \(2,\), but the discriminator takes \(3,\)"):
        kgan.StandardGAN(generator, kgan.architectures.MLPDiscriminator(data_shape=(3,)))
    with pytest.raises(ValueError, match="The discriminator must be a functional or sequential Keras model"):
        kgan.StandardGAN(generator, keras.Sequential([keras.layers.Dense(1)]))
