"""What the monitor sees, says once, and leaves untouched."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import kgan
from kgan.callbacks import Monitor
from tests.conftest import numbers

HEALTHY = {
    "d_loss": 1.3, "g_loss": 0.7, "generator_gradient": 1.0, "discriminator_gradient": 1.0,
    "score_mean": 0.1, "score_spread": 0.5, "smallest_score": 0.01, "real_spread": 0.6, "fake_spread": 0.5,
    "fake_extent": 1.0, "fake_center_0": 0.0, "fake_center_1": 0.1,
}  # fmt: skip


@pytest.fixture
def watch(toy, capsys):
    """What a monitor says of looks that find what it is given, over a healthy training."""

    def said(*looks, objective=kgan.StandardGAN):
        gan = toy(objective)
        monitor = Monitor(None)
        monitor.set_model(gan)
        for found in looks:
            gan.inspect = lambda data, found=found: HEALTHY | found
            monitor.look()
        return capsys.readouterr().out.splitlines()

    return said


def test_a_healthy_training_gets_no_word(watch):
    assert watch({}, {"generator_gradient": 0.1}, {"fake_spread": 0.2}, {"d_loss": 0.3}) == []


@pytest.mark.parametrize(
    ("looks", "says"),
    [
        ([{}, {"d_loss": 0.002}], "d_loss is 0.002: the discriminator tells real from generated without fail"),
        ([{"score_spread": 0.0, "score_mean": 3.0}], "the discriminator gives everything the same score (3)"),
        ([{}, {"smallest_score": 40.0}], "the scores have run away (the smallest is 40)"),
        ([{}, {"generator_gradient": 1e-6}], "the generator's gradient has vanished (1e-06, it was 1)"),
        ([{}, {"generator_gradient": 5e3}], "the generator's gradient has exploded (5e+03, it was 1)"),
        ([{}, {"fake_spread": 0.01}], "the generated examples are nearly all the same (their spread is 2% of"),
        ([{"fake_spread": 0.01}] * 5, "the generated examples are nearly all the same"),
        ([{}] * 4 + [{"fake_extent": 12.0}], "run away (they lie 12 times as far from the data's mean as the data do)"),
        ([{"fake_spread": 0.2, "fake_center_0": at} for at in (0.0, 0.6, 1.2, 0.6) * 3], "go to and fro (in the"),
    ],
)
def test_a_failure_is_named_once_with_what_to_do(watch, looks, says):
    lines = watch(*looks, *looks[-1:] * 3)
    assert len(lines) == 1
    assert lines[0].startswith("step 0: ") and says in lines[0]
    assert lines[0].endswith("then begin anew with a fresh run.")


def test_a_critic_at_zero_has_not_won(watch):
    assert watch({}, {"d_loss": 0.0}, {"smallest_score": 100.0}, objective=kgan.WGANGP) == []


@pytest.mark.parametrize("objective", [kgan.EBGAN, kgan.BEGAN, kgan.RelativisticGAN, kgan.R3GAN, kgan.LSGAN])
def test_large_energies_differences_and_squares_are_no_saturation(watch, objective):
    assert watch({}, {"smallest_score": 100.0, "score_mean": 120.0}, objective=objective) == []


@pytest.mark.parametrize("objective", [kgan.GeometricGAN, kgan.UnrolledGAN, kgan.SimultaneousGAN])
def test_large_scores_of_a_loss_that_is_flat_there_have_run_away(watch, objective):
    (line,) = watch({}, {"smallest_score": 100.0}, objective=objective)
    assert "the scores have run away (the smallest is 100), where the loss is flat" in line


def test_what_is_far_outside_at_first_is_given_time(watch):
    assert watch(*[{"fake_extent": 12.0}] * 4) == []


@pytest.mark.parametrize(
    "looks",
    [
        [{"fake_spread": 0.2, "fake_center_0": at} for at in range(12)],  # it goes ahead
        [{"fake_spread": 0.5, "fake_center_0": at} for at in (0.0, 0.6) * 6],  # it is nearly as wide as the data
        [{"fake_spread": 0.1, "fake_center_0": at} for at in (0.0, 0.25) * 6],  # it trembles
        [{"fake_spread": 0.34, "fake_center_0": at} for at in (0.0, 0.32) * 6],  # less than its own spread
    ],
)
def test_what_only_moves_does_not_go_to_and_fro(watch, looks):
    assert watch(*looks) == []


def test_an_encoder_is_a_learner_too_and_who_judges_nobody_is_not_asked(watch, toy, capsys):
    gradients = {"encoder_gradient": 1.0}
    (line,) = watch(gradients, {"encoder_gradient": 1e-6}, objective=kgan.BiGAN)
    assert "the encoder's gradient has vanished (1e-06, it was 1)" in line
    for objective in (kgan.VAE, kgan.GaussianSampler):
        assert watch({}, objective=objective) == []


def test_a_generator_far_outside_is_seen_in_a_real_look(toy, ring, capsys):
    gan = toy(kgan.StandardGAN)
    monitor = Monitor(ring)
    monitor.set_model(gan)
    for look in range(5):
        if look == 4:
            gan.generator.weights[-2].assign(tf.zeros([8, 2]))
            gan.generator.weights[-1].assign([7.0, 7.0])
        monitor.look()
    found = gan.inspect(ring)
    assert found["fake_extent"] == pytest.approx(np.sqrt(98), rel=0.02)
    np.testing.assert_allclose(
        np.hypot(found["fake_center_0"], found["fake_center_1"]), 7, rtol=1e-5
    )  # of two values: sqrt(98 / 2)
    assert "the generated examples have run away" in capsys.readouterr().out


@pytest.mark.few(1)
@pytest.mark.parametrize("wide", [False, True])
def test_a_game_that_goes_to_and_fro_is_noticed_and_one_that_settles_is_not(wide, capsys):
    """A generator of 64 latents that learns faster than a discriminator of one layer jumps between modes."""
    data = kgan.datasets.RingOfGaussians()
    units, latent_dim, rate = ((128, 128, 128), 2, 2e-4) if wide else ((64,), 64, 2e-3)
    gan = kgan.StandardGAN(
        kgan.architectures.MLPGenerator((2,), latent_dim, (64, 64)), kgan.architectures.MLPDiscriminator((2,), units)
    )
    gan.compile(
        generator_optimizer=keras.optimizers.Adam(rate, beta_1=0.5),
        discriminator_optimizer=keras.optimizers.Adam(rate / (1 if wide else 2), beta_1=0.5),
    )
    looks = Monitor(data.example(256), every=50)
    gan.fit(data.batches(64), epochs=1, steps_per_epoch=1000, callbacks=[looks], verbose=0, shuffle=False)
    assert ("the generated examples go to and fro" in capsys.readouterr().out) is not wide


def test_a_generator_that_begins_with_nothing_is_given_time(watch):
    assert watch(*[{"fake_spread": 0.001}] * 4) == []


def test_a_discriminator_that_wins_is_noticed_in_a_real_training(toy, ring, capsys):
    gan = toy(kgan.StandardGAN, adversarial_loss=kgan.losses.Minimax(), discriminator_steps=5)
    gan.generator_optimizer.learning_rate = 0.0
    gan.discriminator_optimizer.learning_rate = 0.05
    far = (ring + 20).astype("float32")
    data = tf.data.Dataset.from_tensor_slices(far).repeat().batch(40, drop_remainder=True)
    gan.fit(data, steps_per_epoch=60, callbacks=[Monitor(far[:32], every=20)], verbose=0, shuffle=False)
    said = capsys.readouterr().out
    assert "the discriminator tells real from generated without fail" in said
    assert "the generator's gradient has vanished" in said


@pytest.mark.few(1)
@pytest.mark.parametrize("objective", [kgan.WGANGP, kgan.StandardGAN])
def test_looking_changes_nothing(toy, ring, objective):
    one, other = toy(objective, discriminator_steps=2), toy(objective, discriminator_steps=2)
    other.set_weights(one.get_weights())
    data = tf.data.Dataset.from_tensor_slices(ring).batch(20, drop_remainder=True)
    histories = [
        gan.fit(data, callbacks=callbacks, verbose=0, shuffle=False).history
        for gan, callbacks in ((one, []), (other, [Monitor(ring[:16], every=3)]))
    ]
    for a, b in zip(numbers(one), numbers(other), strict=True):
        np.testing.assert_array_equal(a, b)
    assert histories[0] == histories[1]


def test_the_gradients_are_those_of_the_step(toy, ring):
    gan = toy(kgan.StandardGAN)
    found = gan.inspect(ring[:16])
    assert set(HEALTHY) <= set(found)
    with tf.GradientTape() as tape:
        loss = gan.adversarial_loss.generator(gan.score(kgan.batch.Batch(gan.generator(_latents(gan)))))
    expected = tf.linalg.global_norm(tape.gradient(loss, gan.generator.trainable_variables))
    assert found["generator_gradient"] == pytest.approx(float(expected), rel=1e-5)
    assert found["real_spread"] == pytest.approx(np.sqrt(ring[:16].var(axis=0).mean()), rel=1e-5)


def _latents(gan):
    gan._moment.observing = True
    try:
        return gan._latents(gan.draws("latents"), 16)
    finally:
        gan._moment.observing = False


def test_replicas_and_half_precision_are_looked_at_too(ring, replicas):
    from kgan import precision

    with replicas.scope(), precision.policy("mixed_float16"):
        gan = kgan.WGANGP(kgan.architectures.MLPGenerator((2,), 3, [8]), kgan.architectures.MLPDiscriminator((2,), [8]))
        gan.compile(generator_optimizer="adam", discriminator_optimizer="adam")
    keras.utils.set_random_seed(0)
    found = gan.inspect(ring[:16])
    assert 1e-4 < found["generator_gradient"] < 100
    assert gan.step.numpy() == 0


def test_it_remembers_over_a_resume(watch, toy, capsys):
    gan = toy(kgan.StandardGAN)
    before, after = Monitor(None), Monitor(None)
    for monitor in (before, after):
        monitor.set_model(gan)
    gan.inspect = lambda data: HEALTHY | {"d_loss": 0.001}
    before.look()
    after.restore(before.state())
    after.look()
    assert len(capsys.readouterr().out.splitlines()) == 1
    with pytest.raises(ValueError, match="every must be at least 0"):
        Monitor(None, every=-1)


def test_it_remembers_what_an_older_checkpoint_had(watch, toy, capsys):
    gan, monitor = toy(kgan.StandardGAN), Monitor(None)
    monitor.set_model(gan)
    said = ["d_loss is ", "the generator's gradient has exploded ("]
    old = {"looks": 9, "first_gradient": 0.5, "largest_gradient": 2.0, "largest_spread": 0.9, "said": said}
    monitor.restore(old)
    gan.inspect = lambda data: HEALTHY | {"d_loss": 0.001, "generator_gradient": 9e3}
    monitor.look()
    gan.inspect = lambda data: HEALTHY | {"generator_gradient": 1e-4}
    monitor.look()
    (line,) = capsys.readouterr().out.splitlines()
    assert "the generator's gradient has vanished (0.0001, it was 9e+03)" in line
    assert monitor.state()["first_gradient"] == [("generator", 0.5)]
