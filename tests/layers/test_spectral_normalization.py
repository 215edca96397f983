"""Spectral norms against singular values, gradients against differences and the paper's equation 12."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from kgan import precision
from kgan.layers import SpectralNormalization

KINDS = {
    "dense": (lambda **kw: layers.Dense(5, **kw), [3, 7]),
    "conv1d": (lambda **kw: layers.Conv1D(4, 3, **kw), [2, 9, 3]),
    "conv2d": (lambda **kw: layers.Conv2D(6, 4, strides=2, padding="same", **kw), [2, 8, 8, 3]),
    "grouped": (lambda **kw: layers.Conv2D(6, 3, groups=2, **kw), [2, 5, 5, 4]),
    "conv3d": (lambda **kw: layers.Conv3D(3, 2, **kw), [2, 4, 4, 4, 2]),
    "transpose1d": (lambda **kw: layers.Conv1DTranspose(2, 4, strides=2, **kw), [2, 5, 3]),
    "transpose2d": (lambda **kw: layers.Conv2DTranspose(5, 4, strides=2, padding="same", **kw), [2, 4, 4, 3]),
    "transpose3d": (lambda **kw: layers.Conv3DTranspose(2, 2, **kw), [1, 3, 3, 3, 4]),
    "depthwise1d": (lambda **kw: layers.DepthwiseConv1D(3, depth_multiplier=2, **kw), [2, 6, 3]),
    "depthwise2d": (lambda **kw: layers.DepthwiseConv2D(3, depth_multiplier=2, **kw), [2, 6, 6, 3]),
    "embedding": (lambda **kw: layers.Embedding(6, 4, **kw), [3]),
}
each_kind = pytest.mark.parametrize("kind", KINDS)


def made(kind, iterations=150, dtype="float32"):
    """A built layer with a converged u, and an input for it."""
    make, shape = KINDS[kind]
    layer = SpectralNormalization(make(dtype=dtype), power_iterations=iterations)
    x = (
        tf.range(shape[0])
        if kind == "embedding"
        else tf.random.stateless_normal(shape, [1, 1], dtype="float32" if "mixed" in dtype else dtype)
    )
    layer(x)
    layer.power_iterate()
    return layer, x


def filters(kind, kernel):
    """The matrix whose rows are the filters of the output channels, written out for each kind."""
    if kind.startswith("transpose"):
        kernel = np.swapaxes(kernel, -1, -2)
    if kind.startswith("depthwise"):
        return np.stack([kernel[..., c, m].ravel() for c in range(kernel.shape[-2]) for m in range(kernel.shape[-1])])
    return np.stack([kernel[..., row].ravel() for row in range(kernel.shape[-1])])


@each_kind
def test_sigma_is_the_largest_singular_value_and_the_normalised_kernel_has_norm_1(kind):
    layer, _ = made(kind)
    singular = np.linalg.svd(filters(kind, layer.kernel.numpy()), compute_uv=False)
    assert float(layer.sigma) == pytest.approx(singular[0], rel=1e-5)
    normalized = np.linalg.svd(filters(kind, layer.normalized_kernel.numpy()), compute_uv=False)
    assert normalized[0] == pytest.approx(1, rel=1e-5)
    assert layer.u.shape == (filters(kind, layer.kernel.numpy()).shape[0],)


@each_kind
def test_it_computes_what_the_layer_does_with_the_normalised_kernel(kind):
    layer, x = made(kind)
    plain, _ = KINDS[kind]
    plain = plain()
    plain(x)
    plain.set_weights([layer.normalized_kernel.numpy(), *layer.layer.get_weights()[1:]])
    np.testing.assert_allclose(layer(x), plain(x), rtol=1e-5, atol=1e-6)


@each_kind
def test_the_gradient_flows_through_sigma(kind):
    """Against central differences in float64, where u is not even converged: it is a constant all the same."""
    layer, x = made(kind, iterations=1, dtype="float64")
    weight = tf.random.stateless_normal(layer(x).shape, [2, 2], dtype="float64")
    direction = tf.random.stateless_normal(layer.kernel.shape, [3, 3], dtype="float64")

    def loss():
        return tf.reduce_sum(weight * tf.sin(3 * layer(x)))

    with tf.GradientTape() as tape:
        value = loss()
    gradient = tf.convert_to_tensor(tape.gradient(value, layer.kernel.value))
    kernel, ends = layer.kernel.numpy(), []
    for sign in (1, -1):
        layer.kernel.assign(kernel + sign * 1e-5 * direction)
        ends.append(loss())
    numeric = (ends[0] - ends[1]) / 2e-5
    assert float(tf.reduce_sum(gradient * direction)) == pytest.approx(float(numeric), rel=1e-6)
    # W / sigma(W) does not depend on W's length, so nothing points along W.
    along = np.sum(gradient * kernel) / np.linalg.norm(gradient) / np.linalg.norm(kernel)
    assert abs(along) < 1e-12


def test_the_gradient_is_the_papers_equation_12():
    layer, h = made("dense")
    delta = tf.random.stateless_normal([3, 5], [4, 4])  # d loss / d output, for each example
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.reduce_sum(delta * layer(h), axis=1))
    gradient = tape.gradient(loss, layer.kernel.value).numpy().T  # [outputs, inputs]: the paper's orientation
    u, sigma, v = np.linalg.svd(layer.kernel.numpy().T)
    normalized = layer.kernel.numpy().T / sigma[0]
    outer = np.mean(delta.numpy()[:, :, None] * h.numpy()[:, None, :], axis=0)  # E[delta h^T]
    lambda_ = np.mean(np.sum(delta.numpy() * (h.numpy() @ normalized.T), axis=1))  # E[delta^T (W_SN h)]
    np.testing.assert_allclose(gradient, (outer - lambda_ * np.outer(u[:, 0], v[0])) / sigma[0], atol=1e-5)


def test_the_gradient_of_a_penalty_is_that_of_differences():
    """WGAN-GP through two normalised layers, a smooth critic, float64."""
    model = keras.Sequential(
        [
            keras.Input([6, 6, 2], dtype="float64"),
            SpectralNormalization(layers.Conv2D(4, 3, activation="softplus", dtype="float64")),
            layers.Flatten(dtype="float64"),
            SpectralNormalization(layers.Dense(1, dtype="float64")),
        ]
    )
    x = tf.random.stateless_normal([3, 6, 6, 2], [1, 2], dtype="float64")

    def penalty():
        with tf.GradientTape() as tape:
            tape.watch(x)
            scores = model(x)
        return tf.reduce_mean((tf.norm(tf.reshape(tape.gradient(scores, x), [3, -1]), axis=1) - 1) ** 2)

    kernels = [layer.kernel for layer in model.layers if isinstance(layer, SpectralNormalization)]
    with tf.GradientTape() as tape:
        value = penalty()
    for kernel, gradient in zip(kernels, tape.gradient(value, [kernel.value for kernel in kernels]), strict=True):
        before, direction = kernel.numpy(), tf.random.stateless_normal(kernel.shape, [5, 5], dtype="float64")
        ends = []
        for sign in (1, -1):
            kernel.assign(before + sign * 1e-5 * direction)
            ends.append(float(penalty()))
        kernel.assign(before)
        numeric = (ends[0] - ends[1]) / 2e-5
        assert abs(numeric) > 1e-4
        assert float(tf.reduce_sum(gradient * direction)) == pytest.approx(numeric, rel=1e-5)


def test_it_is_accurate_from_the_first_step_on_and_a_function_of_the_kernel():
    layer, x = SpectralNormalization(layers.Conv2D(64, 4)), tf.zeros([1, 8, 8, 32])
    layer(x)
    exact = np.linalg.svd(layer.kernel.numpy().reshape(-1, 64), compute_uv=False)[0]
    assert 0.98 * exact < float(layer.sigma) <= exact * (1 + 1e-6)
    keras.utils.set_random_seed(5)  # the kernel's own draws do not decide where u begins
    plain = layers.Conv2D(64, 4)
    plain.build(x.shape)
    plain.set_weights(layer.layer.get_weights())
    again = SpectralNormalization(plain)
    again(x)
    np.testing.assert_array_equal(again.u.numpy(), layer.u.numpy())


def test_sigma_grows_with_each_iteration_to_the_norm():
    layer, _ = made("dense", iterations=1)
    layer.u.assign(tf.random.stateless_normal([5], [9, 9]))
    sigmas = [float(layer.sigma)]
    for _ in range(100):
        layer.power_iterate()
        sigmas.append(float(layer.sigma))
    assert (np.diff(sigmas) >= -1e-6).all() and sigmas[0] < 0.95 * sigmas[-1]
    assert sigmas[-1] == pytest.approx(np.linalg.norm(layer.kernel.numpy(), 2), rel=1e-5)


def test_several_iterations_at_once_are_as_many_one_by_one():
    three, _ = made("conv2d", iterations=3)
    one, _ = made("conv2d", iterations=1)
    three.u.assign(tf.linspace(1.0, 2.0, 6))
    one.set_weights(three.get_weights())
    three.power_iterate()
    for _ in range(3):
        one.power_iterate()
    np.testing.assert_allclose(three.u, one.u, rtol=1e-6)


@pytest.mark.parametrize("factor", [1e-6, 0.01, 100.0])
def test_kernels_of_any_size_come_out_the_same(factor):
    layer, x = made("dense")
    before = layer(x)
    layer.kernel.assign(factor * layer.kernel.value)
    layer.power_iterate()
    np.testing.assert_allclose(layer(x), before, rtol=1e-4, atol=1e-6)


def test_calls_change_nothing_and_agree():
    layer, x = made("conv2d", iterations=1)
    layer.u.assign(tf.linspace(1.0, 2.0, 6))
    before = layer.get_weights()
    outputs = [layer(x, training=training) for training in (True, True, False)]
    for output in outputs[1:]:
        np.testing.assert_array_equal(output, outputs[0])
    for old, new in zip(before, layer.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_mixed_precision_keeps_the_weights_and_sigma_in_float32(policy):
    whole, x = made("conv2d")
    half, _ = made("conv2d", dtype=policy)
    half.set_weights(whole.get_weights())
    assert {weight.dtype for weight in half.weights} == {"float32"}
    assert float(half.sigma) == float(whole.sigma)
    assert half(tf.cast(x, tf.float32)).dtype == tf.as_dtype(policy.removeprefix("mixed_"))
    np.testing.assert_allclose(tf.cast(half(x), tf.float32), whole(x), atol=0.03)
    gradients = []
    for layer in (whole, half):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(tf.cast(layer(x), tf.float32) ** 2)
        gradients.append(tape.gradient(loss, layer.kernel.value))
    assert gradients[1].dtype == tf.float32
    assert np.linalg.norm(gradients[1] - gradients[0]) < 0.03 * np.linalg.norm(gradients[0])


def test_made_under_a_mixed_policy_it_does_not_round_the_weights():
    """The policy's autocasting must not reach the kernel from which sigma is computed."""
    x, seen = tf.random.stateless_normal([2, 7], [1, 1]), []
    with precision.policy("mixed_bfloat16"):
        model = keras.Sequential([keras.Input([7]), SpectralNormalization(layers.Dense(5)), layers.Dense(1)])
    layer = model.layers[0]
    original = layer._matrix
    layer._matrix = lambda: seen.append(layer.kernel.value.dtype) or original()
    model(x)
    assert seen == [tf.float32] and layer(x).dtype == tf.bfloat16


def test_stateless_calls_use_the_weights_that_they_are_given():
    """As an unrolled discriminator needs: kernel, bias and u all come from the arguments."""
    model = keras.Sequential([keras.Input([7]), SpectralNormalization(layers.Dense(5))])
    other = keras.Sequential([keras.Input([7]), SpectralNormalization(layers.Dense(5))])
    other.set_weights([weight + 1 for weight in other.get_weights()])
    x = tf.random.stateless_normal([3, 7], [1, 1])
    values = [
        [variable.value for variable in group] for group in (other.trainable_variables, other.non_trainable_variables)
    ]
    np.testing.assert_array_equal(model.stateless_call(*values, x)[0], other(x))


def test_a_subclassed_model_builds_it_when_it_is_called():
    class Model(keras.Model):
        def __init__(self):
            super().__init__()
            self.dense = SpectralNormalization(layers.Dense(3))

        def call(self, x):
            return self.dense(x)

    model = Model()
    model(keras.Input([4]))
    assert float(model.dense.sigma) == pytest.approx(np.linalg.norm(model.dense.kernel.numpy(), 2), rel=1e-3)


def test_exported_it_computes_the_same(tmp_path):
    model = keras.Sequential(
        [keras.Input([4, 4, 3]), SpectralNormalization(layers.Conv2DTranspose(2, 4, strides=2, padding="same"))]
    )
    model.export(tmp_path / "out", verbose=False)
    served = tf.saved_model.load(tmp_path / "out")
    x = tf.random.stateless_normal([3, 4, 4, 3], [1, 1])
    np.testing.assert_allclose(served.serve(x), model(x), atol=1e-6)


@each_kind
def test_with_a_learned_scale_it_begins_as_the_layer_itself(kind):
    """gamma W / sigma(W) with gamma = sigma(W), for both with the same estimate of sigma."""
    make, shape = KINDS[kind]
    layer = SpectralNormalization(make(), learned_scale=True)
    x = tf.range(shape[0]) if kind == "embedding" else tf.random.stateless_normal(shape, [1, 1])
    scaled = layer(x)
    assert float(layer.scale.value) == float(layer.sigma) > 0
    np.testing.assert_allclose(scaled, layer.layer(x), rtol=1e-5, atol=1e-6)


def test_the_learned_scale_takes_all_of_the_kernels_length():
    """d loss / d gamma is that along the normalised kernel; of the kernel itself nothing points along it."""
    layer = SpectralNormalization(layers.Dense(5, dtype="float64"), power_iterations=100, learned_scale=True)
    x = tf.random.stateless_normal([3, 7], [1, 1], dtype="float64")
    layer(x)
    layer.power_iterate()
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(tf.sin(layer(x)))
    by_scale, by_kernel = tape.gradient(loss, [layer.scale.value, layer.kernel.value])
    plain, kernel = layer.layer, layer.normalized_kernel
    with tf.GradientTape() as tape:
        tape.watch(kernel)
        loss = tf.reduce_sum(tf.sin(x @ kernel + plain.bias.value))
    along = tape.gradient(loss, kernel)
    assert float(by_scale) == pytest.approx(float(tf.reduce_sum(along * kernel) / layer.scale.value), rel=1e-12)
    assert abs(float(tf.reduce_sum(by_kernel * kernel))) < 1e-12
    layer.scale.assign(2.0)
    assert np.linalg.norm(layer.normalized_kernel.numpy(), 2) == pytest.approx(2, rel=1e-6)


def test_the_learned_scale_is_saved(tmp_path):
    model = keras.Sequential([keras.Input([3]), SpectralNormalization(layers.Dense(2), learned_scale=True)])
    model.layers[0].scale.assign(0.7)
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    x = tf.ones([1, 3])
    assert again.layers[0].scale.numpy() == np.float32(0.7)
    np.testing.assert_array_equal(again(x), model(x))


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: SpectralNormalization(layers.SeparableConv2D(3, 3)), "takes Dense, convolutions with one kernel"),
        (lambda: SpectralNormalization(layers.BatchNormalization()), "takes Dense, convolutions with one kernel"),
        (lambda: SpectralNormalization(layers.Dense(3), 0), "power_iterations must be at least 1; got 0"),
        (lambda: SpectralNormalization(layers.Dense(3, kernel_initializer="zeros", name="d")).build((None, 2)),
         "The kernel of 'd' is zero; give it another initializer"),
    ],
)  # fmt: skip
def test_what_it_refuses(make, sentence):
    with pytest.raises(ValueError, match=sentence):
        make()
