"""Soft and noisy labels: what they do to the losses that have targets."""

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from kgan import recipe
from kgan.losses import LeastSquares, Minimax, NonSaturating
from kgan.losses.targets import Targets
from kgan.randomness import Draws

DRAWS = Draws(0, "labels")
SCORES = tf.constant(np.random.default_rng(0).normal(size=[4000, 1]), tf.float32)
WITH_TARGETS = [NonSaturating, Minimax, LeastSquares]


def test_the_usual_labels_draw_nothing():
    def uniform(shape):
        raise AssertionError("drawn")

    draws = type("Draws", (), {"uniform": staticmethod(uniform)})()
    for loss in (NonSaturating(), Minimax(), LeastSquares(), NonSaturating(real_labels=0.9)):
        loss.discriminator(SCORES, SCORES, draws)
        loss.discriminator(SCORES, SCORES)


def test_targets_follow_their_ranges_and_flips():
    real, fake = Targets([0.7, 1.2], (0.0, 0.3), flip=0.05)(SCORES, SCORES, DRAWS)
    assert real.shape == fake.shape == (4000, 1)
    real, fake = real.numpy().ravel(), fake.numpy().ravel()
    for own, other in ((real, fake), (fake, real)):
        wrong = (own <= 0.3) == (own is real)
        assert wrong.mean() == pytest.approx(0.05, abs=0.015)  # 4 standard deviations
        assert not (wrong & ((other <= 0.3) == (other is real))).all()
    from scipy import stats

    assert stats.kstest(real[real > 0.5], stats.uniform(0.7, 0.5).cdf).pvalue > 0.01
    assert stats.kstest(fake[fake < 0.5], stats.uniform(0.0, 0.3).cdf).pvalue > 0.01
    assert abs(np.corrcoef(real, fake)[0, 1]) < 0.06


def test_every_sample_has_one_target_and_the_moment_decides():
    labels = Targets((0.0, 1.0), 0.0, 0.0)
    patches = tf.zeros([5, 3, 3, 1])
    assert labels(patches, patches, DRAWS)[0].shape == (5, 1, 1, 1)
    one, again, other = (labels(SCORES, SCORES, Draws(0, "labels", [step]))[0] for step in (1, 1, 2))
    np.testing.assert_array_equal(one, again)
    assert not np.array_equal(one, other)


def test_replicas_draw_the_rows_of_one_device():
    loss = NonSaturating((0.7, 1.2), (0.0, 0.3), flip=0.1)
    real, fake = SCORES[:8], SCORES[8:16] * 2
    whole = loss.discriminator(real, fake, Draws(0, "labels"))
    parts = [
        loss.discriminator(real[at : at + 4], fake[at : at + 4], Draws(0, "labels", replica=at // 4, replicas=2))
        for at in (0, 4)
    ]
    assert float(sum(parts)) / 2 == pytest.approx(float(whole), rel=1e-6)


def test_a_fixed_target_is_the_cross_entropy_with_it():
    s = SCORES.numpy().astype(np.float64)
    d = 1 / (1 + np.exp(-s))
    for loss in (NonSaturating(0.9, 0.2), Minimax(0.9, 0.2)):
        expected = -(0.9 * np.log(d) + 0.1 * np.log(1 - d)).mean() - (0.2 * np.log(d) + 0.8 * np.log(1 - d)).mean()
        assert float(loss.discriminator(SCORES, SCORES)) == pytest.approx(expected, rel=1e-5)
    # All labels flipped are the other labels.
    assert float(NonSaturating(flip=1.0).discriminator(SCORES, SCORES, DRAWS)) == pytest.approx(
        float(NonSaturating(0.0, 1.0).discriminator(SCORES, SCORES)), rel=1e-6
    )


def test_a_single_target_above_1_has_a_bounded_gradient():
    scores = tf.constant([[-50.0], [0.0], [50.0]])
    with tf.GradientTape() as tape:
        tape.watch(scores)
        loss = NonSaturating((0.7, 1.2)).discriminator(scores, tf.stop_gradient(scores), DRAWS)
    slope = tape.gradient(loss, scores).numpy() * 3  # D - t for each sample
    target = Targets((0.7, 1.2), 0.0, 0.0)(scores, scores, DRAWS)[0].numpy()
    np.testing.assert_allclose(slope, [[0], [0.5], [1]] - target, atol=1e-6)


@pytest.mark.parametrize("loss", WITH_TARGETS)
@pytest.mark.parametrize("options", [
    {}, pytest.param({"real_labels": 0.9}, marks=pytest.mark.slow),
    pytest.param({"real_labels": (0.7, 1.2), "fake_labels": (0.0, 0.3)}, marks=pytest.mark.slow),
    pytest.param({"flip": 0.05}, marks=pytest.mark.slow),
    pytest.param({"real_labels": (0.8, 1.0), "flip": 0.2}, marks=pytest.mark.slow),
])  # fmt: skip
def test_the_perfect_loss_is_the_least_that_constant_scores_reach(loss, options):
    """A discriminator that knows real from fake, and not the draw, gives each kind one score."""
    value = loss(**options)
    count, best = 20_000, np.inf
    ones = tf.ones([count, 1])
    grid = np.linspace(-0.3, 1.3, 81) if loss is LeastSquares else np.linspace(-16, 16, 641)
    real = min(float(value.discriminator(ones * r, ones * 0, DRAWS)) for r in grid)
    fake = min(float(value.discriminator(ones * 0, ones * f, DRAWS)) for f in grid)
    best = real + fake - float(value.discriminator(ones * 0, ones * 0, DRAWS))
    assert best == pytest.approx(value.perfect, abs=0.01)


def test_one_sided_smoothing_keeps_the_optimum_of_the_paper():
    """D = alpha p_r / (p_r + p_g) is where the gradient vanishes, here with p_r = p_g."""
    score = tf.Variable(np.log(0.45 / 0.55))
    with tf.GradientTape() as tape:
        loss = NonSaturating(real_labels=0.9).discriminator(score[None], score[None])
    assert float(tape.gradient(loss, score)) == pytest.approx(0.0, abs=1e-6)


@pytest.mark.parametrize(
    ("loss", "options", "sentence"),
    [
        (NonSaturating, {"real_labels": 1.2}, r"The mean of real_labels must lie in \[0, 1\].*got 1.2"),
        (Minimax, {"fake_labels": (-0.5, 0.1)}, r"The mean of fake_labels must lie in \[0, 1\].*got -0.2"),
        (LeastSquares, {"real_labels": (1.2, 0.7)}, r"real_labels must be a number, or a range such as \(0.7, 1.2\)"),
        (NonSaturating, {"fake_labels": "soft"}, "fake_labels must be a number, or a range"),
        (LeastSquares, {"flip": 1.5}, "flip is a probability from 0 to 1; got 1.5"),
    ],
)
def test_wrong_labels_get_a_sentence(loss, options, sentence):
    with pytest.raises(ValueError, match=sentence):
        loss(**options)


@pytest.mark.parametrize("loss", WITH_TARGETS)
def test_labels_that_are_drawn_need_draws(loss):
    with pytest.raises(ValueError, match=r"needs draws="):
        loss(real_labels=(0.7, 1.0)).discriminator(SCORES, SCORES)


@pytest.mark.parametrize("loss", WITH_TARGETS)
def test_ranges_survive_their_configuration(loss):
    again = loss.from_config(loss(real_labels=(0.7, 1.2), flip=0.05).get_config())
    assert list(again.real_labels) == [0.7, 1.2] and again.flip == 0.05


def test_a_recipe_reaches_them(tmp_path):
    gan = Path(__file__).parents[2] / "recipes" / "gan_ring.yaml"
    soft = ["objective.adversarial_loss={NonSaturating: {real_labels: [0.7, 1.2], fake_labels: [0, 0.3], flip: 0.05}}"]
    plan = recipe.load(gan, soft)
    (spec,) = plan.objective.values()
    assert spec["adversarial_loss"]["NonSaturating"] == {
        "real_labels": [0.7, 1.2], "fake_labels": [0, 0.3], "flip": 0.05
    }  # fmt: skip
    (tmp_path / "recipe.yaml").write_text(plan.text())
    assert recipe.load(tmp_path / "recipe.yaml").document() == plan.document()
    with pytest.raises(recipe.RecipeError, match=r"real_labels: expected a number or a list of 2, each a number, got"):
        recipe.load(gan, ["objective.adversarial_loss={LeastSquares: {real_labels: soft}}"])
    with pytest.raises(recipe.RecipeError, match="there is no such key"):
        recipe.load(gan, ["objective.adversarial_loss={Hinge: {real_labels: 0.9}}"])  # it has no targets
