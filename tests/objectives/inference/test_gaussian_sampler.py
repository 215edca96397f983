"""The Gaussian baseline, against numpy."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import kgan
from kgan import precision, recipe
from kgan.architectures import GaussianGenerator
from kgan.running import experiment
from kgan.using import export

BOTH = pytest.mark.parametrize("covariance", ["diagonal", "full"])


@pytest.fixture
def data():
    """200 points of a Gaussian of 4 correlated values of different sizes."""
    rng = np.random.default_rng(0)
    mixing = rng.standard_normal([4, 4]) * [[1.0], [0.1], [3.0], [0.5]]
    return (rng.standard_normal([200, 4]) @ mixing.T + [0.5, -2.0, 0.0, 7.0]).astype("float32")


def fitted(data, covariance="full", batch_size=50, epochs=1):
    sampler = kgan.GaussianSampler(GaussianGenerator(data.shape[1:], covariance))
    sampler.compile()
    sampler.fit(data, batch_size=batch_size, epochs=epochs, verbose=0)
    return sampler


def moments(sampler):
    """The mean and the covariance of the samples, as the generator's weights have them."""
    kernel, bias = (weight.numpy().astype(float) for weight in sampler.ema_generator.weights)
    factor = kernel.T if kernel.ndim == 2 else np.diag(kernel)
    return bias, factor @ factor.T


@BOTH
@pytest.mark.parametrize(("batch_size", "epochs"), [(200, 1), (64, 1), (7, 1), (50, 3)])
def test_one_pass_is_exact_whatever_the_batches(data, covariance, batch_size, epochs):
    sampler = fitted(data, covariance, batch_size, epochs)
    mean, expected = data.astype(float).mean(axis=0), np.cov(data.astype(float).T, bias=True)
    expected = expected if covariance == "full" else np.diag(np.diag(expected))
    made, spread = moments(sampler)
    np.testing.assert_allclose(made, mean, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(spread, expected, rtol=1e-5, atol=1e-6)
    own = sampler.covariance.numpy()
    np.testing.assert_allclose(own if covariance == "full" else np.diag(own), expected, rtol=1e-12, atol=1e-12)
    assert float(sampler.count.numpy()) == 200 * epochs


def test_far_from_zero_it_is_as_exact(data):
    far = data + np.float32(4096)
    _, spread = moments(fitted(far, batch_size=10))
    np.testing.assert_allclose(spread, np.cov(far.astype(float).T, bias=True), rtol=1e-5, atol=1e-6)


@BOTH
def test_constant_and_dependent_values(covariance):
    """A value that is always 0.3, one that is twice another, fewer examples than values."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal([5, 3])
    data = np.stack([x[:, 0], np.full(5, 0.3), 2 * x[:, 0], x[:, 1], *[x[:, 2] * k for k in range(4)]], axis=1)
    data = data.astype("float32")
    sampler = fitted(data, covariance, batch_size=2)
    expected = np.cov(data.astype(float).T, bias=True)
    expected = expected if covariance == "full" else np.diag(np.diag(expected))
    np.testing.assert_allclose(moments(sampler)[1], expected, rtol=1e-5, atol=1e-5)
    samples = sampler.sample(100)
    np.testing.assert_array_equal(samples[:, [1, 4]], np.float32([[0.3, 0.0]] * 100))
    if covariance == "full":
        np.testing.assert_allclose(samples[:, 2], 2 * samples[:, 0], rtol=1e-3, atol=1e-3)


def test_images_with_a_border_that_is_always_black():
    images = np.full([40, 8, 8, 1], -1.0, "float32")
    images[:, 2:6, 2:6] = np.random.default_rng(0).uniform(-0.8, 0.8, [40, 4, 4, 1])
    sampler = fitted(images)
    made = sampler.sample(30)
    assert made.shape == (30, 8, 8, 1) and made.dtype == np.uint8
    assert not made[:, :2].any() and not made[:, :, 6:].any() and made[:, 2:6, 2:6].std() > 20


def test_samples_have_the_moments(data):
    sampler = fitted(data)
    samples = sampler.sample(50_000, seed=3)
    np.testing.assert_allclose(samples.mean(axis=0), data.mean(axis=0), atol=0.05)
    expected = np.cov(data.T, bias=True)
    scale = np.sqrt(np.outer(np.diag(expected), np.diag(expected)))
    np.testing.assert_allclose(np.cov(samples.T) / scale, expected / scale, atol=0.02)


def test_held_out_data_are_measured_and_move_nothing(data):
    sampler = fitted(data[:100])
    before = [weight.numpy() for weight in sampler.weights]
    found = sampler.test_on_batch(data[100:], return_dict=True)
    expected = np.mean((data[100:] - data[:100].mean(axis=0)) ** 2)
    assert found == {"variance": pytest.approx(expected, rel=1e-5)}
    for old, weight in zip(before, sampler.weights, strict=True):
        np.testing.assert_array_equal(old, weight.numpy())
    assert sampler.inspect(data[100:]) == {"variance": pytest.approx(expected, rel=1e-5)}


def test_what_is_not_finite_is_told_by_the_report(data):
    data[3, 2] = np.nan
    sampler = kgan.GaussianSampler(GaussianGenerator((4,)))
    sampler.compile()
    with pytest.raises(kgan.callbacks.Diverged, match="variance is nan"):
        sampler.fit(data, batch_size=50, verbose=0, callbacks=[kgan.callbacks.StopOnNonFinite()])


@BOTH
def test_export_and_precision(data, covariance, tmp_path):
    with precision.policy("mixed_bfloat16"):
        sampler = kgan.GaussianSampler(GaussianGenerator((4,), covariance))
    sampler.compile()
    sampler.fit(data, batch_size=50, verbose=0)
    z = sampler.latents(6, seed=1)
    np.testing.assert_allclose(sampler.generator(z), fitted(data, covariance).generator(z), rtol=1e-5, atol=1e-5)
    served = tf.saved_model.load(export.export(sampler, tmp_path / "served"))
    np.testing.assert_allclose(served.serve(num_samples=6, seed=1)["samples"], sampler.sample(6, seed=1), rtol=1e-5)


def test_it_takes_no_optimizers_and_no_other_generators():
    sampler = kgan.GaussianSampler(GaussianGenerator((2,)))
    with pytest.raises(ValueError, match="GaussianSampler.compile takes no optimizers; got 'generator_optimizer'"):
        sampler.compile(generator_optimizer="adam")
    for generator in (
        kgan.architectures.MLPGenerator((2,), 2, (4,)),
        keras.Sequential([keras.Input([3]), keras.layers.Dense(2)]),
        keras.Sequential([keras.Input([2]), keras.layers.Dense(2, use_bias=False)]),
    ):
        with pytest.raises(ValueError, match=r"needs a generator that is mean \+ L z, such as GaussianGenerator; got"):
            kgan.GaussianSampler(generator)
    with pytest.raises(ValueError, match='covariance must be "diagonal" or "full"; got \'spherical\''):
        GaussianGenerator((2,), "spherical")
    with pytest.raises(ValueError, match="and at most 2,147,483,648 may be"):
        GaussianGenerator((128, 128, 3))


TOY = """
steps: 4
batch_size: 16
dataset: {RingOfGaussians: {size: 64}}
generator: {GaussianGenerator: {}}
objective: {GaussianSampler: {}}
log: {every: 1}
"""


def test_a_run_without_optimizers_goes_on_exactly(tmp_path):
    path = tmp_path / "toy.yaml"
    path.write_text(TOY)
    whole = experiment.fit(recipe.load(path), tmp_path / "whole", say=lambda line: None)
    experiment.fit(recipe.load(path, ["steps=3"]), tmp_path / "parts", say=lambda line: None)
    experiment.fit(recipe.load(path), tmp_path / "parts", say=lambda line: None)
    loaded = kgan.load(tmp_path / "parts")
    for one, other in zip(whole.weights, loaded.weights, strict=True):
        np.testing.assert_array_equal(one.numpy(), other.numpy())
    dataset = kgan.datasets.RingOfGaussians(size=64)
    points = dataset.encode(dataset.batch(range(64)).images).astype(float)
    np.testing.assert_allclose(loaded.covariance, np.cov(points.T, bias=True), atol=1e-12)
    np.testing.assert_array_equal(whole.sample(5), loaded.sample(5))


@pytest.mark.parametrize(
    ("override", "sentence"),
    [
        (
            "discriminator={MLPDiscriminator: {}}",
            "discriminator: GaussianSampler has no such network",
        ),
        ("optimizers={generator: {Adam: {}}}", "optimizers: the objective has none; leave it out"),
        ("objective={VAE: {}}", "missing: encoder, optimizers"),
        ("generator={MLPEncoder: {}}", "objective: The generator's input 'images' is for images"),
        ("generator={MLPGenerator: {}}", r"objective: GaussianSampler needs a generator that is mean \+ L z"),
    ],
)
def test_what_the_objective_does_not_take_is_told_in_a_line(tmp_path, override, sentence):
    (tmp_path / "toy.yaml").write_text(TOY)
    with pytest.raises(recipe.RecipeError, match=sentence):
        experiment.build(recipe.load(tmp_path / "toy.yaml", [override]))
