"""The penalty near the data."""

import numpy as np
import pytest
import tensorflow as tf
from scipy import stats

from kgan.batch import Batch
from kgan.randomness import Draws
from kgan.regularizers import DRAGAN

DRAWS = Draws(0, "penalty")


def seen_by(real, draws=DRAWS, labels=None):
    """The points at which the gradient is taken."""
    batches = []

    def score(batch):
        batches.append(batch)
        return tf.reduce_sum(batch.images, axis=1)

    DRAGAN()(score, Batch(real, labels), Batch(real * 0 + 99.0), draws)
    return batches[0]


@pytest.mark.parametrize("w", [[3.0, 4.0, 0.0], [0.3, 0.0, 0.4]])
def test_a_linear_critics_penalty_and_its_gradient(w):
    w = tf.Variable(w)
    real, fake = Batch(tf.random.stateless_normal([16, 3], [0, 0])), Batch(tf.zeros([16, 3]))
    with tf.GradientTape() as tape:
        value = DRAGAN(10.0)(lambda batch: tf.linalg.matvec(batch.images, w)[:, None], real, fake, DRAWS)
    norm = np.linalg.norm(w)
    assert float(value) == pytest.approx(10 * (norm - 1) ** 2, rel=1e-6)
    np.testing.assert_allclose(tape.gradient(value, w), 20 * (norm - 1) * w.numpy() / norm, rtol=1e-5)


def test_the_points_lie_between_the_data_and_a_neighbour_half_their_deviation_away():
    """x + alpha 0.5 std(x) u: each example has its own alpha, each value its own u, all of them U[0, 1]."""
    real = np.float32(np.random.default_rng(0).normal(3.0, 2.0, size=[20_000, 4]))
    noise = (seen_by(tf.constant(real)).images.numpy() - real) / (0.5 * real.std())
    assert noise.min() >= -1e-5 and noise.max() <= 1 + 1e-5
    assert noise.mean() == pytest.approx(1 / 4, abs=0.005)  # E alpha E u
    assert (noise**2).mean() == pytest.approx(1 / 9, abs=0.005)  # E alpha^2 E u^2
    both = (noise[:, 0] * noise[:, 1]).mean()
    assert both == pytest.approx(1 / 3 * 1 / 4, abs=0.005)  # one alpha, two numbers u
    # Of consecutive examples nothing is shared: 1/4 1/4.
    assert (noise[1:, 0] * noise[:-1, 0]).mean() == pytest.approx(1 / 16, abs=0.005)
    # alpha u <= t has the chance t (1 - log t), and the ratio of two values of an example is that of two u.
    assert stats.kstest(noise[:, 0].clip(1e-9, 1), lambda t: t * (1 - np.log(t))).pvalue > 0.01
    ratio = noise[:, 2] / noise[:, 3]
    assert stats.kstest(np.minimum(ratio, 1 / ratio), "uniform").pvalue > 0.01


def test_the_points_of_images():
    images = np.float32(np.random.default_rng(0).normal(size=[3000, 2, 3, 1]))
    noise = (seen_by(tf.constant(images)).images.numpy() - images) / (0.5 * images.std())
    assert noise.shape == images.shape and noise.mean() == pytest.approx(1 / 4, abs=0.01)
    # Var of an example's mean: E alpha^2 E (mean u)^2 - 1/16, the mean of six u having 1/4 + 1/72.
    expected = 1 / 3 * (1 / 4 + 1 / 72) - 1 / 16
    assert noise.mean(axis=(1, 2, 3)).var() == pytest.approx(expected, rel=0.07)


def test_labels_are_those_of_the_data():
    np.testing.assert_array_equal(seen_by(tf.zeros([3, 2]), labels=tf.constant([1, 2, 3])).labels, [1, 2, 3])


def test_the_deviation_is_that_of_all_replicas_together(replicas):
    """One replica's images are all 0 and the other's all 2: the deviation of both is 1."""

    @tf.function
    def points():
        def one():
            context = tf.distribute.get_replica_context()
            own = 2.0 * tf.cast(context.replica_id_in_sync_group, tf.float32)
            draws = Draws(0, "penalty", replica=context.replica_id_in_sync_group, replicas=2)
            return seen_by(tf.fill([3, 2], own), draws).images

        return replicas.run(one)

    parts = [part.numpy() for part in replicas.experimental_local_results(points())]
    whole = seen_by(tf.repeat([[0.0, 0.0], [2.0, 2.0]], 3, axis=0)).images.numpy()
    np.testing.assert_allclose(np.concatenate(parts), whole, atol=1e-6)
    assert (np.concatenate(parts) >= [[0]] * 3 + [[2]] * 3).all() and (parts[0] < 0.5).all()


def test_a_negative_weight_is_refused():
    with pytest.raises(ValueError, match="weight must be at least 0; got -1"):
        DRAGAN(-1)
