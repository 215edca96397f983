"""The best fakes, sorted by hand."""

import numpy as np
import pytest
import tensorflow as tf

import kgan
from kgan.tricks.top_k import TopK


@pytest.mark.parametrize(("step", "k"), [(0, 12), (5, 9), (10, 6), (99, 6)])
@pytest.mark.parametrize("loss", [kgan.losses.NonSaturating(), kgan.losses.LeastSquares(), kgan.losses.Hinge()])
def test_the_gradient_is_that_of_the_sorted_best(step, k, loss):
    """N (1/2)^(t / 10): 12 in the beginning, 8.49 at step 5, rounded up, 6 in the end."""
    scores = tf.constant(np.random.default_rng(0).normal(size=[12, 1]).astype("float32"))
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(scores)
        value = loss.generator(TopK(0.5, decay_steps=10)(scores, step))
        wanted = loss.generator(tf.sort(scores, axis=0, direction="DESCENDING")[:k])
    np.testing.assert_allclose(tape.gradient(value, scores), tape.gradient(wanted, scores), rtol=1e-5, atol=1e-8)
    assert float(value) == float(loss.generator(scores))


def test_samples_with_several_scores_are_ranked_by_their_mean():
    scores = tf.constant([[5.0, -5.0], [1.0, 1.0]])
    with tf.GradientTape() as tape:
        tape.watch(scores)
        value = tf.reduce_mean(TopK(0.5, 1)(scores, 1))
    np.testing.assert_array_equal(tape.gradient(value, scores), [[0.0, 0.0], [0.5, 0.5]])


def test_replicas_choose_among_all_fakes(replicas):
    """The best are chosen from all; of a replica without one, nothing is left."""
    values = tf.constant([1.0, 2.0, 3.0, 4.0])

    def step():
        me = tf.distribute.get_replica_context().replica_id_in_sync_group
        mine = values[2 * me :][:2]
        with tf.GradientTape() as tape:
            tape.watch(mine)
            loss = tf.reduce_mean(TopK(0.5, 1)(mine, 1)) / 2
        return tape.gradient(loss, mine)

    found = replicas.experimental_local_results(tf.function(lambda: replicas.run(step))())
    np.testing.assert_allclose(np.concatenate([part.numpy() for part in found]), [0.0, 0.0, 0.5, 0.5])


def test_refusals():
    for wrong in ({"final": 0.0}, {"final": 1.5}, {"decay_steps": 0}):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            TopK(**wrong)
