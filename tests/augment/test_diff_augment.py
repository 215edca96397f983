"""Each of the three changes by hand, and their gradients."""

import numpy as np
import pytest
import tensorflow as tf

import kgan
from kgan.augment import DiffAugment
from kgan.augment.diff_augment import color, cutout, translation
from kgan.randomness import Draws

POLICIES = ["color", "translation", "cutout"]


@pytest.fixture
def images():
    return np.random.default_rng(0).uniform(-1, 1, [5, 8, 16, 3]).astype("float32")


def test_color_by_hand(images):
    u = np.random.default_rng(1).uniform(size=[5, 3]).astype("float32")
    for image, (b, s, c), got in zip(images, u, color(tf.constant(images), tf.constant(u)), strict=True):
        image = image + (b - 0.5)
        gray = image.mean(axis=-1, keepdims=True)
        image = (image - gray) * (2 * s) + gray
        image = (image - image.mean()) * (c + 0.5) + image.mean()
        np.testing.assert_allclose(got, image, atol=1e-6)


def test_color_in_the_middle_of_its_ranges_changes_nothing(images):
    np.testing.assert_allclose(color(tf.constant(images), tf.fill([5, 3], 0.5)), images, atol=1e-6)


@pytest.mark.parametrize(("u", "down", "right"), [((0.0, 0.0), -1, -2), ((0.5, 0.5), 0, 0), ((0.99, 0.7), 1, 1)])
def test_translation_by_hand(images, u, down, right):
    """8 rows move by 1 at most, 16 columns by 2; zeros come in."""
    wanted = np.zeros_like(images)
    height, width = images.shape[1:3]
    rows, columns = slice(max(down, 0), height + min(down, 0)), slice(max(right, 0), width + min(right, 0))
    wanted[:, rows, columns] = images[
        :, max(-down, 0) : height + min(-down, 0), max(-right, 0) : width + min(-right, 0)
    ]
    np.testing.assert_array_equal(translation(tf.constant(images), tf.constant([u] * 5)), wanted)


def test_cutout_by_hand():
    """A square of half the size; around the corner pixel a quarter of it is left."""
    ones = tf.ones([3, 8, 8, 1])
    holes = 1 - cutout(ones, tf.constant([[0.0, 0.0], [0.5, 0.5], [0.999, 0.999]])).numpy()[..., 0]
    for hole, rows in zip(holes, [slice(0, 2), slice(2, 6), slice(6, 8)], strict=True):
        wanted = np.zeros([8, 8])
        wanted[rows, rows] = 1
        np.testing.assert_array_equal(hole, wanted)


@pytest.mark.parametrize("size", [8, 9])
def test_cutout_prefers_no_side(size):
    u = (np.arange(size + 1) + 0.5) / (size + 1) if size % 2 == 0 else (np.arange(size) + 0.5) / size
    pairs = tf.constant(np.stack([u, u], axis=1), tf.float32)
    cut = tf.reduce_sum(1 - cutout(tf.ones([len(u), size, size, 1]), pairs)[..., 0], axis=0).numpy()
    np.testing.assert_array_equal(cut, cut[::-1, ::-1])


def test_shifts_are_uniform():
    u = Draws(0, "shifts").uniform([6000, 2])
    image = np.zeros([1, 16, 16, 1], "float32")
    image[0, 8, 8] = 1
    places = tf.reduce_mean(translation(tf.repeat(image, 6000, axis=0), u), axis=0)[6:11, 6:11, 0]
    np.testing.assert_allclose(places, np.full([5, 5], 1 / 25), atol=0.01)


@pytest.mark.parametrize("policy", POLICIES)
def test_it_is_affine_in_the_images_and_so_is_its_gradient(images, policy):
    """The generator's gradient equals the slope between two points, and a second derivative exists."""
    augment, draws = DiffAugment((policy,)), Draws(0, "augment")
    x, y = tf.constant(images), tf.constant(images[::-1].copy())
    with tf.GradientTape() as outer:
        outer.watch(x)
        with tf.GradientTape() as tape:
            tape.watch(x)
            value = tf.reduce_sum(tf.square(augment(x, draws, 0)))
        gradient = tape.gradient(value, x)
        norm = tf.reduce_sum(tf.square(gradient))
    # T(x + h y) = T(x) + h (T(y) - T(0)): half the gradient of |T|^2 along y is <T(x), T(y) - T(0)>.
    linear = augment(y, draws, 0) - augment(tf.zeros_like(y), draws, 0)
    slope = 2 * tf.reduce_sum(augment(x, draws, 0) * linear)
    np.testing.assert_allclose(tf.reduce_sum(gradient * y), slope, rtol=1e-3, atol=1e-2)
    assert outer.gradient(norm, x) is not None


def test_images_have_their_own_draws(images):
    same = np.repeat(images[:1], 5, axis=0)
    for policy in POLICIES:
        changed = DiffAugment((policy,))(tf.constant(same), Draws(3, "augment"), 0).numpy()
        assert any(not np.array_equal(changed[0], other) for other in changed[1:])


def test_two_replicas_draw_the_rows_of_one_device(images):
    images = images[:4]
    whole = DiffAugment()(tf.constant(images), Draws(0, "augment"), 0)
    for replica in (0, 1):
        rows = slice(2 * replica, 2 * replica + 2)
        part = DiffAugment()(tf.constant(images[rows]), Draws(0, "augment", replica=replica, replicas=2), 0)
        np.testing.assert_array_equal(part, whole[rows])


def test_refusals(toy):
    for policy in ((), ("colour",), ("color", "color")):
        with pytest.raises(ValueError, match="policy must name some of color, translation, cutout"):
            DiffAugment(policy)
    with pytest.raises(ValueError, match="For vectors there is InstanceNoise"):
        toy(kgan.StandardGAN, augment=DiffAugment())
