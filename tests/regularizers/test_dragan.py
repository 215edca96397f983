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


def test_the_points_are_the_data_and_uniform_noise_of_half_their_deviation():
    real = np.float32(np.random.default_rng(0).normal(3.0, 2.0, size=[500, 4]))
    noise = (seen_by(tf.constant(real)).images.numpy() - real) / (0.5 * real.std())
    assert stats.kstest(noise.ravel(), "uniform").pvalue > 0.01
    assert abs(np.corrcoef(noise[:, 0], noise[:, 1])[0, 1]) < 0.15  # each value has its own


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
