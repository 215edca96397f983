"""The variational autoencoder: its bound against likelihoods that are known."""

import keras
import numpy as np
import pytest
import scipy.integrate
import scipy.stats
import tensorflow as tf

import kgan
from kgan.architectures import MLPEncoder, MLPGenerator
from kgan.objectives.inference.vae import gaussian_divergence

# Probabilistic PCA (Tipping & Bishop 1999): x = W z + mu + noise. The columns of W are orthogonal, so that the
# posterior of z has independent coordinates, and an encoder can be it.
W = np.array([[1.0, 0.5], [1.0, -0.5], [0.3, 0.0], [-0.2, 0.0]])
MU = np.array([0.3, -0.2, 0.0, 0.1])
VARIANCE = 0.04
POSTERIOR = np.linalg.inv(W.T @ W / VARIANCE + np.eye(2))  # its covariance, of every x


@pytest.fixture(scope="module")
def points():
    """20,000 points of that model."""
    rng = np.random.default_rng(0)
    noise = np.sqrt(VARIANCE) * rng.standard_normal([20_000, 4])
    return (rng.standard_normal([20_000, 2]) @ W.T + MU + noise).astype("float32")


def linear(inputs, outputs, kernel=None, bias=None):
    network = keras.Sequential([keras.Input([inputs]), keras.layers.Dense(outputs)])
    if kernel is not None:
        network.set_weights([np.float32(kernel), np.float32(bias)])
    return network


def optimum(shift=0.0, narrower=0.0):
    """A VAE that is that model, and its encoder the posterior; its means are moved, its log-variances lowered."""
    means = POSTERIOR @ W.T / VARIANCE
    kernel = np.concatenate([means.T, np.zeros([4, 2])], axis=1)
    bias = np.concatenate([-means @ MU + shift, np.log(np.diag(POSTERIOR)) - narrower])
    vae = kgan.VAE(linear(2, 4, W.T, MU), linear(4, 4, kernel, bias))
    vae.variance.assign(VARIANCE)
    vae.compile(generator_optimizer="sgd", encoder_optimizer="sgd")
    return vae


def log_likelihood(points):
    return scipy.stats.multivariate_normal(MU, W @ W.T + VARIANCE * np.eye(4)).logpdf(points).mean()


def compiled(vae, rate=1e-2):
    vae.compile(generator_optimizer=keras.optimizers.Adam(rate), encoder_optimizer=keras.optimizers.Adam(rate))
    return vae


def small(**options):
    return kgan.VAE(MLPGenerator((2,), 3, (8, 8)), MLPEncoder((2,), 3, (8, 8)), **options)


@pytest.mark.parametrize(("mean", "deviation"), [(0.0, 1.0), (1.5, 0.3), (-0.4, 2.0)])
def test_the_divergence_is_the_integral(mean, deviation):
    q, p = scipy.stats.norm(mean, deviation), scipy.stats.norm()
    reach = 12 * deviation
    expected = scipy.integrate.quad(lambda z: q.pdf(z) * (q.logpdf(z) - p.logpdf(z)), mean - reach, mean + reach)[0]
    found = gaussian_divergence(tf.constant([[mean, 0.0]]), 2 * tf.math.log([[deviation, 1.0]]))
    np.testing.assert_allclose(found, [expected], rtol=1e-5, atol=1e-6)


def test_the_bound_is_tight_where_the_encoder_is_the_posterior(points):
    found = optimum().test_on_batch(points, return_dict=True)
    assert found["elbo"] == pytest.approx(log_likelihood(points), abs=0.03)
    assert found["elbo"] == pytest.approx(found["reconstruction"] - found["divergence"], rel=1e-5)


@pytest.mark.parametrize(("shift", "narrower"), [(0.3, 0.0), (0.0, 1.0), (-0.2, -0.7)])
def test_the_bound_lacks_what_the_encoder_is_away_from_the_posterior(points, shift, narrower):
    """KL(q | p(z | x)) in closed form: for each latent (r + s^2 / v - 1 - log r) / 2 with r = exp(-narrower)."""
    ratio = np.exp(-narrower)
    gap = np.sum(ratio + shift**2 / np.diag(POSTERIOR) - 1 - np.log(ratio)) / 2
    assert gap > 0.3
    found = optimum(shift, narrower).test_on_batch(points, return_dict=True)
    assert log_likelihood(points) - found["elbo"] == pytest.approx(gap, abs=0.05)


def test_trained_it_comes_to_the_largest_likelihood_from_below(points, monkeypatch):
    """That of PCA: the variance of the noise is the mean of the eigenvalues that two latents leave over."""
    monkeypatch.setattr("kgan.objectives.inference.vae.DECAY", 0.99)  # for a training of 2,000 steps
    vae = kgan.VAE(linear(2, 4), linear(4, 4))
    vae.variance.assign(1.0)
    vae.compile(
        generator_optimizer=keras.optimizers.Adam(keras.optimizers.schedules.PolynomialDecay(0.02, 2000, 0.0)),
        encoder_optimizer=keras.optimizers.Adam(keras.optimizers.schedules.PolynomialDecay(0.02, 2000, 0.0)),
        steps_per_execution=40,
    )
    vae.fit(points, batch_size=500, epochs=50, verbose=0)
    values = np.linalg.eigvalsh(np.cov(points.T, bias=True))
    left = values[:2].mean()
    largest = -0.5 * (4 * np.log(2 * np.pi) + np.log(values[2:]).sum() + 2 * np.log(left) + 4)
    elbo = vae.test_on_batch(points, return_dict=True)["elbo"]
    assert largest - 0.08 < elbo < largest + 0.03
    assert float(vae.variance.numpy()) == pytest.approx(left, rel=0.1)


def test_the_encoder_tells_the_points_of_a_ring_apart(ring):
    """Of a ring a Gaussian around 0 is a stationary point, where the divergence is 0: it must not be gone to."""
    vae = kgan.VAE(MLPGenerator((2,), 2, (64, 64)), MLPEncoder((2,), 2, (64, 64)), ema=0.0)
    optimizers = [keras.optimizers.Adam(3e-3) for _ in range(2)]
    vae.compile(generator_optimizer=optimizers[0], encoder_optimizer=optimizers[1], steps_per_execution=40)
    vae.fit(np.tile(ring, [40, 1]), batch_size=160, epochs=10, verbose=0)
    assert vae.history.history["divergence"][-1] > 1.5
    assert np.abs(np.linalg.norm(vae.sample(500), axis=1) - 1).mean() < 0.5  # of a decoder that makes zeros 1


def test_the_variance_follows_the_error():
    """From 0.01, by a thousandth in each step, to the mean squared error, here of a decoder that makes zeros."""
    vae = kgan.VAE(linear(3, 2, np.zeros([3, 2]), np.zeros(2)), linear(2, 6))
    vae.compile(generator_optimizer=keras.optimizers.SGD(0.0), encoder_optimizer=keras.optimizers.SGD(0.0))
    data, first = np.float32([[1.0, 2.0], [0.0, 3.0]]), pytest.approx(0.01)
    found = vae.test_on_batch(data, return_dict=True)
    assert found["reconstruction"] == pytest.approx(-3.5 / 0.01 - np.log(2 * np.pi * 0.01), rel=1e-5)
    assert float(vae.variance.numpy()) == first
    vae.active = ["encoder"]
    vae.train_on_batch(data)
    assert float(vae.variance.numpy()) == first and vae.step.numpy() == 1
    vae.active = vae.players
    vae.train_on_batch(data)
    assert float(vae.variance.numpy()) == pytest.approx(0.999 * 0.01 + 0.001 * 3.5, rel=1e-5)


def test_data_without_noise_are_no_obstacle(monkeypatch):
    monkeypatch.setattr("kgan.objectives.inference.vae.DECAY", 0.5)
    vae = compiled(kgan.VAE(linear(1, 2, np.zeros([1, 2]), np.zeros(2)), linear(2, 2)), rate=0.0)
    vae.fit(np.zeros([64, 2], "float32"), batch_size=2, verbose=0)
    assert float(vae.variance.numpy()) == pytest.approx(1e-8) and np.isfinite(vae.history.history["elbo"]).all()


def test_both_learn_from_where_they_stood(ring):
    """The step against its own gradient, in one tape, of weights that have not moved."""
    vae = small()
    vae.compile(generator_optimizer=keras.optimizers.SGD(0.1), encoder_optimizer=keras.optimizers.SGD(0.1))
    variables = [*vae.generator.trainable_variables, *vae.encoder.trainable_variables]
    before = [variable.numpy() for variable in variables]
    data = tf.constant(ring[:20])
    with tf.GradientTape() as tape:
        batch = vae.minibatch(data)
        means, log_variances = vae.posterior(batch)
        latents = means + tf.exp(log_variances / 2) * vae.draws("posterior").normal([20, 3])
        fitted = tf.reduce_mean(vae.log_density(vae.squared_error(batch, latents)))
        bound = fitted - tf.reduce_mean(gaussian_divergence(means, log_variances))
    slopes = tape.gradient(bound, [variable.value for variable in variables])
    assert vae.train_on_batch(data, return_dict=True)["elbo"] == pytest.approx(float(bound), rel=1e-5)
    for old, slope, variable in zip(before, slopes, variables, strict=True):
        np.testing.assert_allclose(variable.numpy(), old + 0.1 * slope.numpy(), atol=1e-5)


def test_samples_are_the_averaged_generators(ring, tmp_path):
    vae = compiled(small(ema=0.9))
    vae.fit(ring, batch_size=20, verbose=0)
    expected = vae.ema_generator(vae.latents(5, seed=1)).numpy()
    np.testing.assert_allclose(vae.sample(5, seed=1), expected, atol=1e-6)
    assert np.abs(expected - vae.generator(vae.latents(5, seed=1)).numpy()).max() > 1e-4
    from kgan.using import export

    served = tf.saved_model.load(export.export(vae, tmp_path / "served"))
    np.testing.assert_allclose(served.serve(num_samples=5, seed=1)["samples"], expected, atol=1e-5)
    assert vae.sample(5, truncation=0.5).shape == (5, 2)


def test_labels_reach_encoder_and_decoder():
    """x = y: of a decoder that makes the label nothing is left to explain; without labels nothing goes."""
    z, x, y = keras.Input([1]), keras.Input([1]), keras.Input([1])
    decoder = keras.Model([z, y], keras.layers.Dense(1)(keras.layers.Concatenate()([z, y])))
    decoder.layers[-1].kernel.assign([[0.0], [1.0]])
    encoder = keras.Model([x, y], keras.layers.Dense(2)(keras.layers.Concatenate()([x, y])))
    encoder.layers[-1].kernel.assign([[1.0, 0.0], [-1.0, 0.0]])  # the mean x - y, and log-variances of 0
    vae = compiled(kgan.VAE(decoder, encoder))
    data = np.float32([[0.0], [1.0], [2.0]])
    found = vae.test_on_batch(data, data, return_dict=True)
    assert found["divergence"] == pytest.approx(0, abs=1e-6)
    assert found["reconstruction"] == pytest.approx(-np.log(2 * np.pi * 0.01) / 2, rel=1e-5)
    np.testing.assert_allclose(vae.sample(3, labels=data), data)
    with pytest.raises(ValueError, match="This encoder takes labels"):
        vae.train_on_batch(data)


def test_networks_with_labels_of_classes(ring):
    classes = {"conditioning": "concatenation", "num_classes": 4}
    vae = compiled(kgan.VAE(MLPGenerator((2,), 3, (8,), **classes), MLPEncoder((2,), 3, (8,), **classes)))
    vae.fit(ring, np.arange(160) % 4, batch_size=40, verbose=0)
    assert np.isfinite(vae.history.history["elbo"]).all() and vae.sample(2, labels=[0, 3]).shape == (2, 2)


@pytest.mark.parametrize(
    ("generator", "encoder", "sentence"),
    [
        (MLPGenerator, keras.layers.Dense(6), "The encoder must be a functional or sequential Keras model"),
        (keras.layers.Dense(6), MLPEncoder, "The generator must be a functional or sequential Keras model"),
        (lambda: MLPGenerator((3,), 3, (4,)), lambda: MLPEncoder((2,), 3, (4,)), "but the encoder takes"),
        (
            lambda: MLPGenerator((2,), 3, (4,)),
            lambda: MLPEncoder((2,), 4, (4,)),
            r"for each of the 3 latents, \[N, 6\]; its outputs have the shapes \[\(8,\)\]. Give it latent_dim=3",
        ),
    ],
)
def test_networks_that_do_not_fit_get_a_sentence(generator, encoder, sentence):
    made = [network() if callable(network) and not isinstance(network, keras.layers.Layer | type) else network
            for network in (generator, encoder)]  # fmt: skip
    made = [network((2,), 3, (4,)) if isinstance(network, type) else network for network in made]
    with pytest.raises(ValueError, match=sentence):
        kgan.VAE(*made)
    with pytest.raises(ValueError, match=r"ema must be in \[0, 1\); got 1"):
        small(ema=1.0)


def test_callbacks_of_discriminators_say_that_there_is_none(ring, capsys):
    vae = compiled(small())
    picture = kgan.callbacks.LipschitzPicture(data=kgan.datasets.RingOfGaussians(size=64))
    with pytest.raises(ValueError, match="looks at the one discriminator of samples, and VAE has none"):
        vae.fit(ring, verbose=0, callbacks=[picture])
    vae.fit(ring, verbose=0, callbacks=[kgan.callbacks.Monitor(ring[:8], every=1)])
    assert capsys.readouterr().out == ""
    assert set(vae.inspect(ring[:8])) == {
        "elbo", "reconstruction", "divergence", "generator_gradient", "encoder_gradient",
    }  # fmt: skip
