"""The convolution's own filter gradient against TensorFlow's."""

import numpy as np
import pytest
import tensorflow as tf

from kgan.architectures import DCGANDiscriminator, convolution
from kgan.precision import policy


@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("size", [1, 2, 4, 5])
@pytest.mark.parametrize("pixels", [(8, 8), (7, 10)])
def test_first_and_second_derivatives_are_those_of_the_plain_convolution(pixels, size, stride):
    random = np.random.default_rng(0)
    images = tf.constant(random.normal(size=[3, *pixels, 2]), tf.float64)
    kernel = tf.constant(random.normal(size=[size, size, 2, 5]), tf.float64)

    def derivatives(convolve):
        with tf.GradientTape(persistent=True) as outer:
            outer.watch([images, kernel])
            with tf.GradientTape() as inner:
                inner.watch(images)
                loss = tf.reduce_sum(convolve(images, kernel, stride) ** 3)
            penalty = tf.reduce_sum(inner.gradient(loss, images) ** 2)
        return [outer.gradient(value, [images, kernel]) for value in (loss, penalty)]

    plain = derivatives(lambda x, w, s: tf.nn.conv2d(x, w, s, "SAME"))
    for expected, found in zip(plain, derivatives(convolution._convolve), strict=True):
        for e, f in zip(expected, found, strict=True):
            np.testing.assert_allclose(f, e, rtol=1e-9, atol=1e-9)


def test_a_critic_in_bfloat16_is_as_near_to_float32_either_way(monkeypatch):
    x = tf.random.stateless_normal([6, 32, 32, 1], [0, 0])
    plain = DCGANDiscriminator((32, 32, 1), width=64, normalization="layer")
    with policy("mixed_bfloat16"):
        critic = DCGANDiscriminator((32, 32, 1), width=64, normalization="layer")
        wide = DCGANDiscriminator((32, 32, 1), width=64, growth=2, normalization="layer")
    for network in (critic, wide):
        network.set_weights(plain.get_weights())

    def slopes(network):
        @tf.function(input_signature=[tf.TensorSpec([None, 32, 32, 1])])
        def penalty_slopes(x):
            with tf.GradientTape() as outer:
                with tf.GradientTape() as inner:
                    inner.watch(x)
                    scores = network(x)
                slope = tf.reshape(inner.gradient(scores, x), [-1, 1024])
                loss = tf.reduce_mean((tf.norm(slope, axis=1) - 1) ** 2) + tf.reduce_mean(scores)
            return outer.gradient(loss, [weight.value for weight in network.trainable_weights])

        return penalty_slopes(x)

    def error(found):
        return np.array([np.linalg.norm(f - e) / np.linalg.norm(e) for f, e in zip(found, exact, strict=True)])

    called, own = [], convolution._convolve
    monkeypatch.setattr(convolution, "_convolve", lambda *a: called.append(a) or own(*a))
    exact = slopes(plain)
    monkeypatch.setattr(convolution, "_slow_filter_gradients", lambda: False)
    usual = error(slopes(critic))
    assert not called
    monkeypatch.setattr(convolution, "_slow_filter_gradients", lambda: True)
    ours = error(slopes(wide))
    assert called
    print(usual, ours)
    assert (ours < 1.5 * usual + 0.01).all()


@pytest.mark.parametrize("compiled", [False, True], ids=["eager", "graph"])
@pytest.mark.parametrize(("channels", "groups", "side"), [(8, 4, 5), (128, 8, 14)])
def test_groups_are_convolutions_of_their_own(channels, groups, side, compiled):
    """Values and first and second derivatives, beside one convolution for each group."""
    layer = convolution.Conv2D(channels, 3, padding="same", groups=groups)
    layer.build([None, side, side, channels])
    rng = np.random.default_rng(0)
    x = tf.constant(rng.normal(size=[2, side, side, channels]), tf.float32)
    kernel = layer.kernel.value

    def apart(x, kernel):
        pairs = zip(tf.split(x, groups, axis=-1), tf.split(kernel, groups, axis=-1), strict=True)
        return tf.concat([tf.nn.conv2d(part, filters, 1, "SAME") for part, filters in pairs], axis=-1)

    def derivatives(convolution):
        with tf.GradientTape() as outer:
            outer.watch([x, kernel])
            with tf.GradientTape() as inner:
                inner.watch([x, kernel])
                y = convolution(x, kernel)
                loss = tf.reduce_sum(tf.sin(y))
            first = inner.gradient(loss, [x, kernel])
            penalty = tf.add_n([tf.reduce_sum(tf.square(slope)) for slope in first])
        return [y, *first, *outer.gradient(penalty, [x, kernel])]

    wrap = tf.function if compiled else lambda function: function
    own = wrap(lambda: derivatives(layer.convolution_op))()
    for one, other in zip(own, wrap(lambda: derivatives(apart))(), strict=True):
        assert np.abs(one - other).max() < 1e-4 * np.abs(other).max()
