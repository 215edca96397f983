"""Games whose discriminator is an autoencoder: EBGAN and BEGAN."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import kgan
from kgan.objectives.energy.ebgan import pulling_away_term
from tests.conftest import networks


def halving(level=0.0):
    """A generator that makes (level, 0), and an autoencoder that reconstructs x / 2, with the code x."""
    generator = keras.Sequential([keras.Input([3]), keras.layers.Dense(2, kernel_initializer="zeros")])
    generator.layers[0].bias.assign([level, 0.0])
    x = keras.Input([2])
    code = keras.layers.Dense(2, kernel_initializer="identity")(x)
    half = keras.layers.Dense(2, kernel_initializer=keras.initializers.Identity(0.5))(code)
    return generator, keras.Model(x, [half, code])


def compiled(gan, rate=0.0):
    gan.compile(generator_optimizer=keras.optimizers.SGD(rate), discriminator_optimizer=keras.optimizers.SGD(rate))
    return gan


@pytest.mark.parametrize(("fake", "d_loss"), [(0.0, 2.5 + 10), (6.0, 2.5 + 7), (30.0, 2.5)])
def test_energies_and_margin(fake, d_loss):
    """The data (3, 4) have the energy |x| / 2 = 2.5, fakes half their length; above the margin they cost nothing."""
    gan = compiled(kgan.EBGAN(*halving(fake)))
    found = gan.test_on_batch(np.float32([[3, 4]] * 4), return_dict=True)
    assert found["d_loss"] == pytest.approx(d_loss, rel=1e-5) and found["g_loss"] == pytest.approx(fake / 2, abs=1e-5)
    assert gan.perfect_d_loss == 0


def test_an_exact_reconstruction_has_a_finite_slope():
    gan = compiled(kgan.EBGAN(*halving(0.0)), rate=0.1)
    gan.fit(np.zeros([4, 2], "float32"), verbose=0)
    assert all(np.isfinite(weight.numpy()).all() for weight in gan.trainable_weights)


def test_the_pulling_away_term():
    """0 for orthogonal codes of any length, 1 for parallel ones, cos^2 for two, and the mean over pairs."""
    assert float(pulling_away_term(tf.constant(np.diag([1.0, 2.0, 3.0]), tf.float32))) == pytest.approx(0, abs=1e-7)
    assert float(pulling_away_term(tf.constant([[1.0, 2.0], [-2.0, -4.0], [3.0, 6.0]]))) == pytest.approx(1, rel=1e-6)
    angle = 0.7
    two = tf.constant([[1.0, 0.0], [np.cos(angle), np.sin(angle)]], tf.float32)
    assert float(pulling_away_term(two)) == pytest.approx(np.cos(angle) ** 2, rel=1e-6)
    code = np.random.default_rng(0).standard_normal([5, 2, 3]).astype("float32")
    flat = code.reshape(5, 6) / np.linalg.norm(code.reshape(5, 6), axis=1, keepdims=True)
    pairs = [(flat[i] @ flat[j]) ** 2 for i in range(5) for j in range(5) if i != j]
    assert float(pulling_away_term(tf.constant(code))) == pytest.approx(np.mean(pairs), rel=1e-5)
    assert float(pulling_away_term()) == 0


def test_the_generator_alone_is_pulled_away(ring):
    def losses(**options):
        keras.utils.set_random_seed(0)
        gan = compiled(kgan.EBGAN(*networks(kgan.EBGAN), **options))
        gan._latents = lambda draws, count: tf.ones([count, 3])  # all samples are the same: the term is 1
        return gan.test_on_batch(ring[:8], return_dict=True)

    plain, pulled = losses(), losses(pulling_away=0.1)
    assert pulled["d_loss"] == plain["d_loss"] and pulled["g_loss"] == pytest.approx(plain["g_loss"] + 0.1, rel=1e-5)


def test_what_is_refused(replicas):
    generator, autoencoder = halving()
    critic = kgan.architectures.MLPDiscriminator((2,), (4,))
    for objective in (kgan.EBGAN, kgan.BEGAN):
        with pytest.raises(ValueError, match=r"must be an autoencoder: it takes \(2,\).*; got \(1,\)"):
            objective(generator, critic)
    with pytest.raises(ValueError, match="margin must be above 0; got 0"):
        kgan.EBGAN(generator, autoencoder, margin=0)
    with pytest.raises(ValueError, match="pulling_away must be at least 0"):
        kgan.EBGAN(generator, autoencoder, pulling_away=-1)
    with pytest.raises(ValueError, match=r"outputs must be \[reconstruction, code\]"):
        kgan.EBGAN(generator, keras.Sequential([keras.Input([2]), keras.layers.Dense(2)]), pulling_away=0.1)
    with pytest.raises(ValueError, match=r"diversity_ratio must be in \[0, 1\]; got 1.5"):
        kgan.BEGAN(generator, autoencoder, diversity_ratio=1.5)
    with pytest.raises(ValueError, match="balance_rate must be above 0"):
        kgan.BEGAN(generator, autoencoder, balance_rate=0)
    with replicas.scope():
        pulled = kgan.EBGAN(*networks(kgan.EBGAN), pulling_away=0.1)
        with pytest.raises(ValueError, match="The pulling-away term compares the samples of a batch"):
            compiled(pulled)


def test_k_follows_the_balance():
    """L(x) = 0.7 / 2 on data (0.4, 1) and L(G(z)) = 0.6 / 4 on fakes (0.6, 0), the mean of |v| / 2; nobody moves."""
    gan = compiled(kgan.BEGAN(*halving(0.6), diversity_ratio=0.75, balance_rate=0.5))
    real, fake, k = 0.35, 0.15, 0.0
    for _ in range(14):
        gan.reset_metrics()
        found = gan.train_on_batch(np.float32([[0.4, 1.0]] * 4), return_dict=True)
        assert found["k"] == pytest.approx(k, abs=1e-6)
        assert found["d_loss"] == pytest.approx(real - k * fake, rel=1e-5)
        assert found["g_loss"] == pytest.approx(fake, rel=1e-5)
        assert found["convergence"] == pytest.approx(real + abs(0.75 * real - fake), rel=1e-5)
        k = min(max(k + 0.5 * (0.75 * real - fake), 0), 1)
        assert gan.k.numpy() == pytest.approx(k, abs=1e-6)
    gan.test_on_batch(np.float32([[0.4, 1.0]] * 4))
    assert gan.k.numpy() == pytest.approx(k, abs=1e-6)  # held-out data do not steer


def test_k_stays_between_0_and_1():
    down = compiled(kgan.BEGAN(*halving(10.0), balance_rate=1.0))
    down.train_on_batch(np.zeros([4, 2], "float32"))
    assert down.k.numpy() == 0
    up = compiled(kgan.BEGAN(*halving(0.0), balance_rate=100.0))
    up.train_on_batch(np.ones([4, 2], "float32"))
    assert up.k.numpy() == 1


def test_k_is_in_the_file(tmp_path, ring):
    gan = compiled(kgan.BEGAN(*networks(kgan.BEGAN), balance_rate=0.5), rate=0.1)
    gan.k.assign(0.625)
    gan.save(tmp_path / "began.keras")
    assert keras.models.load_model(tmp_path / "began.keras").k.numpy() == 0.625
    gan.save_weights(tmp_path / "began.weights.h5")
    gan.k.assign(0.0)
    gan.load_weights(tmp_path / "began.weights.h5")
    assert gan.k.numpy() == 0.625


@pytest.mark.parametrize("objective", [kgan.EBGAN, kgan.BEGAN])
def test_penalties_see_the_energy(objective):
    """Both energies of x / 2 have a known slope in x: 1/2 in length for |x| / 2, (1, 1) / 4 for the mean of |x| / 2."""
    slope = {kgan.EBGAN: 0.5, kgan.BEGAN: np.sqrt(2) / 4}[objective]
    x = np.full([4, 2], 2.0, "float32")
    plain, penalised = (
        compiled(objective(*halving(1.0), regularizers=terms)).test_on_batch(x, return_dict=True)["d_loss"]
        for terms in ([], [kgan.regularizers.R1(1.0)])
    )
    assert penalised - plain == pytest.approx(slope**2 / 2, rel=1e-4)


def test_a_code_that_reconstructs_nothing_is_refused(ring):
    x = keras.Input([2])
    aside = keras.Model(x, [keras.layers.Dense(2)(x), keras.layers.Dense(4)(x)])
    with pytest.raises(ValueError, match="does not depend on its weight .*: freeze it"):
        compiled(kgan.EBGAN(networks(kgan.EBGAN)[0], aside, pulling_away=0.1)).fit(ring, verbose=0)


def test_replicas_steer_k_together(replicas):
    """One of them sees data with L(x) = 1 and the other with 0: k follows the mean, and M is that of the mean."""
    with replicas.scope():
        gan = compiled(kgan.BEGAN(*halving(0.6), balance_rate=0.5))
    x = np.float32([[2, 2], [2, 2], [0, 0], [0, 0]])
    options = tf.data.Options()
    options.autotune.enabled = False
    history = gan.fit(tf.data.Dataset.from_tensor_slices(x).batch(4).with_options(options), verbose=0).history
    balance = 0.5 * 0.5 - 0.15
    assert history["convergence"][0] == pytest.approx(0.5 + abs(balance), rel=1e-5)
    for k in replicas.experimental_local_results(gan.k.value):
        assert k.numpy() == pytest.approx(0.5 * balance, rel=1e-5)
