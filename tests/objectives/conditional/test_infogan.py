"""InfoGAN: its codes, the bound, how they are set."""

import math

import keras
import numpy as np
import pytest
import tensorflow as tf

import kgan
from kgan.randomness import Draws
from tests.conftest import networks


def game(latent_dim=8, categorical=(3, 2), continuous=2, compiled=True, **options):
    """The generator copies its latents, so that codes can be read off the samples."""
    generator = keras.Sequential(
        [keras.Input([latent_dim]), keras.layers.Dense(latent_dim, use_bias=False, kernel_initializer="identity")]
    )
    x = keras.Input([latent_dim])
    outputs = [keras.layers.Dense(1)(x), keras.layers.Dense(sum(categorical) + continuous, name="q")(x)]
    gan = kgan.InfoGAN(
        generator, keras.Model(x, outputs), categorical=categorical, continuous=continuous, **options
    )  # fmt: skip
    if compiled:
        gan.compile(generator_optimizer=keras.optimizers.SGD(0.1), discriminator_optimizer=keras.optimizers.SGD(0.1))
    return gan


@pytest.mark.parametrize("prior", ["normal", "uniform"])
def test_the_codes_have_their_distributions(prior):
    """Noise [:1], a code of 3, a code of 2, two numbers from [-1, 1]: 20,000 rows, means and variances in 5 sigma."""
    n = 20_000
    rows = game(prior=prior)._latents(Draws(0, "latents"), n).numpy()
    noise, three, two, numbers = np.split(rows, [1, 4, 6], axis=1)
    for part, size in ((three, 3), (two, 2)):
        np.testing.assert_array_equal(part.sum(axis=1), 1)
        assert set(np.unique(part)) == {0.0, 1.0}
        np.testing.assert_allclose(part.mean(axis=0), 1 / size, atol=5 * math.sqrt((size - 1) / size**2 / n))
    assert abs(numbers).max() <= 1
    np.testing.assert_allclose(numbers.mean(axis=0), 0, atol=5 * math.sqrt(1 / 3 / n))
    np.testing.assert_allclose(numbers.var(axis=0), 1 / 3, atol=5 * math.sqrt(4 / 45 / n))
    assert noise.var() == pytest.approx(1 if prior == "normal" else 1 / 3, rel=0.05)
    correlations = np.corrcoef(np.concatenate([noise, three[:, :2], two[:, :1], numbers], axis=1).T)
    independent = np.abs(correlations - np.eye(6))
    independent[1, 2] = independent[2, 1] = 0  # two columns of one code
    assert independent.max() < 5 / math.sqrt(n)


def test_the_bound_in_closed_form():
    gan = game()
    codes = np.float32([[1, 0, 0, 0, 1, 0.5, -0.2], [0, 0, 1, 1, 0, -1.0, 0.8]])
    exact = np.concatenate([1000.0 * codes[:, :5], codes[:, 5:]], axis=1)  # sure and right, the means met
    best = math.log(3) + math.log(2) + 2 * (math.log(2) - math.log(2 * math.pi) / 2)
    assert float(gan.information(codes, tf.constant(exact, tf.float32))) == pytest.approx(best, rel=1e-6)
    blind = np.zeros([2, 7], "float32")  # uniform guesses tell nothing; numbers are guessed as 0
    expected = 2 * 0.5 * math.log(2 / math.pi) - np.mean(np.sum(codes[:, 5:] ** 2, axis=1)) / 2
    assert float(gan.information(codes, blind)) == pytest.approx(expected, rel=1e-6)
    (one_sided,) = (game(latent_dim=4, categorical=(3,), continuous=0, compiled=False),)
    logits = np.float32([[1.0, 0.0, -1.0]])
    log_p = logits[0] - np.log(np.exp(logits[0]).sum())
    assert float(one_sided.information(np.eye(3, dtype="float32")[:1], logits)) == pytest.approx(
        math.log(3) + log_p[0], rel=1e-5
    )


def test_the_losses_hold_the_bound(ring):
    """Both losses are those of weight 0 less lambda L_I, of each one's own draw."""
    x = np.ones([16, 8], "float32")
    gan = game(information_weight=0.0)
    heavy = game(information_weight=2.0)
    heavy.set_weights(gan.get_weights())
    plain, found = (one.inspect(x) for one in (gan, heavy))
    assert found["g_loss"] == pytest.approx(plain["g_loss"] - 2 * plain["information"], rel=1e-5)
    assert found["d_loss"] != plain["d_loss"] and found["information"] == plain["information"]


def test_q_learns_the_codes():
    """The samples hold the codes, so that Q's linear head can tell them, and the generator keeps them readable."""
    gan = game(information_weight=1.0)
    gan.compile(generator_optimizer=keras.optimizers.Adam(0.01), discriminator_optimizer=keras.optimizers.Adam(0.05))
    x = np.random.default_rng(0).standard_normal([64, 8]).astype("float32")
    first = gan.inspect(x)["information"]
    gan.fit(np.tile(x, [60, 1]), batch_size=64, verbose=0)
    assert gan.inspect(x)["information"] > max(first, 0.0)


def test_a_person_sets_the_codes():
    gan = game()
    drawn = gan.sample(6, seed=3)
    walk = np.linspace(-2, 2, 6)
    made = gan.sample(6, seed=3, codes={0: 2, 1: [0, 1, 0, 1, 0, 1], 3: walk}, batch_size=4)
    np.testing.assert_array_equal(made[:, 1:4], [[0, 0, 1]] * 6)
    np.testing.assert_array_equal(made[:, 4:6], [[1, 0], [0, 1]] * 3)
    np.testing.assert_allclose(made[:, 7], walk, rtol=1e-6)
    np.testing.assert_array_equal(made[:, [0, 6]], drawn[:, [0, 6]])  # noise and the other code are drawn as ever
    np.testing.assert_array_equal(gan.sample(3, seed=3), drawn[:3])
    np.testing.assert_array_equal(gan.latents(6, seed=3).numpy(), drawn)


def test_what_is_refused():
    gan = game()
    for codes, sentence in [
        ({4: 0}, "The codes are 0 to 3; got 4"),
        ({0: 3}, r"Code 0 is a number from 0 to 2; got \[3, 3\]"),
        ({1: 0.5}, "Code 1 is a number from 0 to 1"),
    ]:
        with pytest.raises(ValueError, match=sentence):
            gan.sample(2, codes=codes)
    with pytest.raises(ValueError, match="truncation would cut the codes as well"):
        gan.sample(2, truncation=0.5)
    with pytest.raises(ValueError, match="There must be a code"):
        game(categorical=(1,))
    with pytest.raises(ValueError, match="needs a latent_dim above that; got 7"):
        game(latent_dim=7)
    with pytest.raises(ValueError, match="information_weight must be at least 0"):
        game(information_weight=-1)
    generator, _ = networks(kgan.InfoGAN)
    with pytest.raises(ValueError, match=r"with 12 columns in Q .*have \[1, 4\] columns"):
        kgan.InfoGAN(generator, networks(kgan.ACGAN)[1])


def test_codes_are_exported(tmp_path):
    """A served generator draws the same codes; its latents can be set by hand."""
    from kgan.using.export import export

    gan = game()
    served = tf.saved_model.load(export(gan, tmp_path / "served"))
    np.testing.assert_allclose(served.serve(tf.constant(5), tf.constant(1, tf.int64))["samples"], gan.sample(5, seed=1))
