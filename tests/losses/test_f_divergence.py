"""The f-GAN's tables against calculus: conjugates, activations, the bound."""

import numpy as np
import pytest
import tensorflow as tf
from scipy import integrate, optimize, stats

from kgan import distances
from kgan.losses import FDivergence, Minimax, NonSaturating
from kgan.losses.f_divergence import DIVERGENCES

U = np.array([0.05, 0.3, 1.0, 2.5, 20.0])  # density ratios
V = np.linspace(-4, 4, 17)  # raw scores
# g_f^-1(f'(u)): the scores of the best discriminator, solved by hand.
BEST = {
    "kl": lambda u: 1 + np.log(u),
    "reverse_kl": np.log,
    "pearson": lambda u: 2 * (u - 1),
    "squared_hellinger": lambda u: np.log(u) / 2,
    "jensen_shannon": np.log,
    "gan": np.log,
}

pytestmark = pytest.mark.parametrize("name", DIVERGENCES)


def slope(f, u):
    u = tf.constant(u)
    with tf.GradientTape() as tape:
        tape.watch(u)
        value = f(u)
    return tape.gradient(value, u).numpy()


def test_the_conjugate_is_the_supremum(name):
    row = DIVERGENCES[name]
    for t in row.activation(V[::4]).numpy() if hasattr(row.activation(V), "numpy") else V[::4]:

        def below(log_u, t=t):
            return float(row.f(np.exp(log_u))) - np.exp(log_u) * t

        found = optimize.minimize_scalar(below, bounds=(-30, 12), method="bounded", options={"xatol": 1e-9})
        # Below the smallest slope of f, the supremum is at u = 0, as for Pearson at t < -2.
        if found.x > -29:
            assert float(row.conjugate(t)) == pytest.approx(-found.fun, rel=1e-6, abs=1e-6)


def test_fenchels_equality(name):
    row = DIVERGENCES[name]
    t = slope(row.f, U)
    np.testing.assert_allclose(row.conjugate(t), U * t - row.f(U).numpy(), rtol=1e-9, atol=1e-12)


def test_f_is_convex_and_vanishes_at_1(name):
    f = DIVERGENCES[name].f
    at_one = -2 * np.log(2) if name == "gan" else 0.0  # its divergence of equal distributions, as in the paper
    assert float(f(np.float64(1))) == pytest.approx(at_one, abs=1e-12)
    assert (np.diff(slope(f, np.geomspace(1e-3, 1e3, 100))) > 0).all()


def test_the_activation_rises_and_its_simplified_conjugate_is_right(name):
    row = DIVERGENCES[name]
    t = np.asarray(row.activation(V))
    assert (np.diff(t) > 0).all()
    np.testing.assert_allclose(row.conjugate_of_activation(V), row.conjugate(t), rtol=1e-9, atol=1e-12)


def test_the_best_scores(name):
    row = DIVERGENCES[name]
    np.testing.assert_allclose(row.activation(BEST[name](U)), slope(row.f, U), rtol=1e-9, atol=1e-12)


def test_the_bound_is_tight_at_the_best_discriminator_of_two_gaussians(name):
    """The loss on 200,000 quantiles of each against the integral of q f(p / q)."""
    p, q = stats.norm(0, 1), stats.norm(0.4, 1.1)
    divergence = integrate.quad(
        lambda x: q.pdf(x) * float(DIVERGENCES[name].f(np.float64(p.pdf(x) / q.pdf(x)))), -12, 12, limit=200
    )[0]
    quantiles = (np.arange(200_000) + 0.5) / 200_000

    def scores(x):
        return BEST[name](np.exp(p.logpdf(x) - q.logpdf(x)))

    loss = FDivergence(name)
    real, fake = scores(p.ppf(quantiles)), scores(q.ppf(quantiles))
    best = -float(loss.discriminator(real, fake))
    assert best == pytest.approx(divergence, abs=1e-4)
    # A bound: whatever else is scored is worth less.
    for bend in (lambda s: s + 0.1, lambda s: 0.9 * s, lambda s: s + 0.1 * np.sin(5 * s)):
        assert -float(loss.discriminator(bend(real), bend(fake))) < best - 1e-5


def test_on_discrete_distributions_it_is_the_divergence(name):
    p, q = np.array([0.125, 0.5, 0.25, 0.125]), np.array([0.5, 0.125, 0.125, 0.25])
    scores = BEST[name](p / q)
    real, fake = (np.repeat(scores, (masses * 64).astype(int)) for masses in (p, q))
    expected = {
        "kl": distances.kl_divergence(p, q),
        "reverse_kl": distances.kl_divergence(q, p),
        "pearson": ((p - q) ** 2 / q).sum(),
        "squared_hellinger": ((np.sqrt(p) - np.sqrt(q)) ** 2).sum(),
        "jensen_shannon": 2 * distances.js_divergence(p, q),
        "gan": 2 * distances.js_divergence(p, q) - 2 * np.log(2),
    }[name]
    loss = FDivergence(name)
    assert -float(loss.discriminator(real, fake)) == pytest.approx(expected, rel=1e-9)
    # The generator plays against the same value: what it can change of it.
    assert float(loss.generator(fake)) == pytest.approx(
        float(-loss.discriminator(real, fake)) - np.mean(DIVERGENCES[name].activation(real)), rel=1e-9
    )


def test_the_largest_value_is_that_of_distributions_that_hardly_overlap(name):
    p, q = np.array([1 - 1e-9, 1e-9]), np.array([1e-9, 1 - 1e-9])
    value = float((q * DIVERGENCES[name].f(p / q).numpy()).sum())
    loss = FDivergence(name)
    if loss.perfect is None:
        assert value > 15
    else:
        assert -loss.perfect == pytest.approx(value, abs=1e-3)


def test_the_alternative_maximises_the_activation(name):
    loss = FDivergence(name, alternative=True)
    assert float(loss.generator(V)) == pytest.approx(-float(np.mean(DIVERGENCES[name].activation(V))), rel=1e-9)


def test_of_large_scores_only_what_is_an_exponential_overflows(name):
    loss = FDivergence(name)
    large = np.float32([80.0])
    assert np.isfinite(loss.discriminator(large, -large)) and np.isfinite(loss.discriminator(-large, large))
    if name in ("pearson", "jensen_shannon", "gan"):
        assert np.isfinite(loss.discriminator(large * 100, -large * 100))
        assert np.isfinite(loss.discriminator(-large * 100, large * 100))


def test_gan_is_the_first_gan(name):
    scores = V.astype("float32")
    same = float(FDivergence("gan").discriminator(scores, scores / 2)), float(FDivergence("gan").generator(scores))
    assert same == (float(Minimax().discriminator(scores, scores / 2)), float(Minimax().generator(scores)))
    assert float(FDivergence("gan", True).generator(scores)) == float(NonSaturating().generator(scores))
    with pytest.raises(ValueError, match="divergence must be one of kl, reverse_kl, .*; got 'total'"):
        FDivergence("total")
