"""Kernels divided by their spectral norm."""

import keras
import tensorflow as tf
from keras import layers

from kgan.layers.layer import Layer, check_at_least

CONVOLUTIONS = (layers.Conv1D, layers.Conv2D, layers.Conv3D)
TRANSPOSED = (layers.Conv1DTranspose, layers.Conv2DTranspose, layers.Conv3DTranspose)
DEPTHWISE = (layers.DepthwiseConv1D, layers.DepthwiseConv2D)
FIRST_ITERATIONS = 30


class SpectralNormalization(Layer):
    """Lets a layer compute with W / sigma(W), sigma the largest singular value of its kernel. Miyato et al. 2018,
    section 2.1 and Algorithm 1 (https://arxiv.org/abs/1802.05957).

    The gradient flows through sigma: that of the loss in W is the paper's equation 12, without the part along the
    first singular vectors. sigma is |W^T u|, which is the paper's u^T W v with v = W^T u / |W^T u|; u is the
    estimate of the first left singular vector, a constant for every gradient. Calling the layer never changes u:
    `power_iterate` does, and kgan's games call it once before each update of the network, outside of the tapes, so
    that real, fake and penalty meet the same weights. When the layer is built, u has had 30 iterations.

    Each output channel's filter is a row of the matrix, as in the paper: W is [units, inputs] for Dense,
    [filters, h w channels] for convolutions (channels of the filter's group), the same for transposed ones, whose
    kernel has its axes in another order, [channels multiplier, h w] for depthwise ones, and [output_dim, input_dim]
    for Embedding. For convolutions this is not the norm of the linear map itself, which depends on the image's size.

    The kernel remains the weight that is trained, in its own precision under every policy. There is no clipping at 1:
    small kernels are scaled up. The bias is left as it is.

    With `learned_scale` it is gamma W / sigma(W), with a number gamma that is learned and begins at sigma(W), so that
    the layer begins as without normalisation: the paper's appendix E. It is not 1-Lipschitz, which is left to a
    gradient penalty; what remains is that no direction of W can take over by growing.

    Args:
        layer: Dense, Conv1D, Conv2D, Conv3D, their Transpose kin, DepthwiseConv1D, DepthwiseConv2D or Embedding.
        power_iterations: how many each `power_iterate` makes, at least 1, the paper's number.
        learned_scale: whether there is a gamma.

    Input and output: those of the layer.

    Raises:
        ValueError: the layer is of another kind, or its kernel is zero, which has no W / sigma(W).

    Example:
        >>> layer = SpectralNormalization(keras.layers.Dense(2, kernel_initializer=keras.initializers.Constant(3.0)))
        >>> layer(tf.ones([1, 2])).numpy().round(3).tolist()  # [[3, 3], [3, 3]] has the norm 6
        [[1.0, 1.0]]
        >>> round(float(layer.sigma), 3)
        6.0
    """

    def __init__(self, layer: keras.layers.Layer, power_iterations: int = 1, learned_scale: bool = False, **kwargs):
        if not isinstance(layer, (layers.Dense, *CONVOLUTIONS, *TRANSPOSED, *DEPTHWISE, layers.Embedding)):
            raise ValueError(
                f"SpectralNormalization takes Dense, convolutions with one kernel and Embedding; got {layer!r} (a "
                f"separable convolution is a DepthwiseConv2D and a Conv2D of size 1)."
            )
        check_at_least(1, power_iterations=power_iterations)
        # Its own arithmetic is that of the weights, whatever the layer computes in.
        super().__init__(**{**kwargs, "dtype": layer.variable_dtype})
        self.layer, self.power_iterations, self.learned_scale = layer, power_iterations, learned_scale

    def build(self, input_shape):
        if not self.layer.built:
            self.layer.build(input_shape)
        matrix = self._matrix()
        self.u = self.add_weight(
            shape=[matrix.shape[-1]], dtype=matrix.dtype, initializer=self._first_u, trainable=False, autocast=False,
            name="u", aggregation="only_first_replica",
        )  # fmt: skip
        self.scale = None
        if self.learned_scale:
            self.scale = self.add_weight(
                shape=(), dtype=matrix.dtype, initializer=lambda *_, **__: self.sigma, autocast=False, name="scale"
            )

    @property
    def kernel(self):
        """The weight that is trained: W."""
        return self.layer.embeddings if isinstance(self.layer, layers.Embedding) else self.layer.kernel

    @property
    def sigma(self):
        """The estimate of the kernel's spectral norm, with the present u: at most the norm itself."""
        return tf.norm(tf.linalg.matvec(self._matrix(), _unit(self.u.value)))

    @property
    def normalized_kernel(self):
        """W / sigma(W), or gamma W / sigma(W), through which gradients flow to the kernel and to gamma."""
        normalized = tf.cast(self.kernel.value, self.u.dtype) / self.sigma
        return normalized if self.scale is None else self.scale.value * normalized

    def power_iterate(self):
        """Algorithm 1, step 1: u <- W v / |W v| with v = W^T u / |W^T u|, `power_iterations` times."""
        self.u.assign(self._iterated(self.u.value, self.power_iterations))

    def renew(self):
        """Estimates u anew, for a kernel that somebody has set: as when the layer was built."""
        self.u.assign(self._iterated(self.u.value, FIRST_ITERATIONS))

    def call(self, inputs):
        values = [(variable, variable.value) for variable in self.layer.variables if variable is not self.kernel]
        values.append((self.kernel, tf.cast(self.normalized_kernel, self.kernel.dtype)))
        with keras.StatelessScope(values, initialize_variables=False):
            return self.layer(inputs)

    def compute_output_spec(self, inputs):
        return self.layer.compute_output_spec(inputs)

    def compute_output_shape(self, input_shape):
        return self.layer.compute_output_shape(input_shape)

    def _matrix(self):
        """W^T: a column for each output channel."""
        kernel = tf.cast(self.kernel.value, keras.backend.result_type(self.kernel.dtype, "float32"))
        if isinstance(self.layer, TRANSPOSED):
            kernel = tf.linalg.matrix_transpose(kernel)
        columns = kernel.shape[-1] * (kernel.shape[-2] if isinstance(self.layer, DEPTHWISE) else 1)
        return tf.reshape(kernel, [-1, columns])

    def _iterated(self, u, times):
        matrix = tf.stop_gradient(self._matrix())
        for _ in range(times):
            v = _unit(tf.linalg.matvec(matrix, u))
            u = _unit(tf.linalg.matvec(matrix, v, transpose_a=True))
        return u

    def _first_u(self, shape, dtype):
        u = self._iterated(_unit(tf.random.stateless_normal(shape, seed=[0, 0], dtype=dtype)), FIRST_ITERATIONS)
        if tf.executing_eagerly() and not tf.reduce_all(tf.math.is_finite(u)):
            raise ValueError(f"The kernel of {self.layer.name!r} is zero; give it another initializer.")
        return u


def _unit(vector):
    return vector / tf.norm(vector)
