"""The ring by hand, and in a game."""

import numpy as np
import pytest
import tensorflow as tf

import kgan
from kgan.batch import Batch
from kgan.randomness import Draws
from kgan.tricks.replay import Replay, Ring


def numbered(first, count, labels=False):
    rows = tf.range(first, first + count)
    return Batch(tf.cast(rows, tf.float32)[:, None], rows * 10 if labels else None)


def test_the_ring_holds_the_newest():
    ring = Ring(capacity=5, share=0.5, shape=(1,))
    for update in range(3):
        ring.mixed(numbered(2 * update + 1, 2), Draws(0, "replay", [update]))
    assert ring.images.numpy()[:, 0].tolist() == [6, 2, 3, 4, 5] and ring.written.numpy() == 6


def test_a_batch_larger_than_the_ring():
    ring = Ring(capacity=3, share=0.5, shape=(1,))
    ring.mixed(numbered(1, 4), Draws(0, "replay"))
    assert ring.images.numpy()[:, 0].tolist() == [2, 3, 4] and ring.written.numpy() == 3


def test_what_is_shown():
    ring = Ring(capacity=6, share=0.5, shape=(1,), labels=tf.zeros([1], tf.int32))
    first = ring.mixed(numbered(0, 4, labels=True), Draws(0, "replay", [0]))
    assert first.images.numpy()[:, 0].tolist() == [0, 1, 2, 3]  # there is no past yet
    second = ring.mixed(numbered(4, 4, labels=True), Draws(0, "replay", [1]))
    assert set(second.images.numpy()[:2, 0]) <= {0, 1, 2, 3} and second.images.numpy()[2:, 0].tolist() == [6, 7]
    np.testing.assert_array_equal(second.labels, second.images[:, 0] * 10)
    assert second.labels.dtype == tf.int32
    np.testing.assert_array_equal(ring.labels.numpy(), ring.images.numpy()[:, 0] * 10)


@pytest.mark.parametrize(("share", "old"), [(0.25, 2), (0.3, 2), (1.0, 8)])
def test_the_share_is_rounded_down(share, old):
    ring = Ring(8, share, (1,))
    ring.mixed(numbered(0, 8), Draws(0, "replay", [0]))
    shown = ring.mixed(numbered(100, 8), Draws(0, "replay", [1]))
    assert int(tf.reduce_sum(tf.cast(shown.images < 100, tf.int32))) == old


def test_the_past_is_drawn_uniformly():
    ring = Ring(4, 1.0, (1,))
    ring.mixed(numbered(0, 4), Draws(0, "replay", [0]))
    shown = ring.mixed(numbered(100, 4000), Draws(0, "replay", [1])).images.numpy()[:, 0]
    np.testing.assert_allclose(np.bincount(shown.astype(int), minlength=4) / 4000, np.full(4, 0.25), atol=0.03)


def test_a_game_keeps_what_its_generator_made(toy, ring):
    """With learning rates of zero the fakes of an update are known."""
    gan = toy(kgan.StandardGAN, replay=Replay(capacity=30), discriminator_steps=2)
    gan.generator_optimizer.learning_rate.assign(0.0)
    gan.train_on_batch(ring[:40])
    latents = [Draws(0, "latents", [0, update]).normal([20, 3]) for update in (0, 1)]
    made = np.concatenate([gan.generator(z).numpy() for z in latents])
    np.testing.assert_allclose(gan.ring.images.numpy(), np.concatenate([made[30:], made[10:30]]), atol=1e-6)
    assert gan.ring.written.numpy() == 40
    gan.test_on_batch(ring[:40])
    assert gan.ring.written.numpy() == 40


def test_refusals(toy, replicas):
    for wrong in ({"capacity": 0}, {"share": 0.0}, {"share": 1.5}):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            Replay(**wrong)
    with replicas.scope(), pytest.raises(ValueError, match="train on one device, or leave it out"):
        toy(kgan.StandardGAN, replay=Replay())
    networks = (
        kgan.architectures.MLPGenerator((2,), 3, (4,), conditioning="concatenation", num_classes=4),
        kgan.architectures.MLPDiscriminator((2,), (4,), conditioning="concatenation", num_classes=4),
    )
    with pytest.raises(ValueError, match="compares each fake with data of the same label"):
        kgan.R3GAN(*networks, replay=Replay())
