"""What the layers share that add random numbers."""

import tensorflow as tf

from kgan.layers.layer import Layer
from kgan.randomness import noise_for


class NoiseLayer(Layer):
    """A layer that changes its inputs at random in training, and returns them otherwise.

    Inside a game the random numbers are a function of the game's seed, of where the layer is in which network, of the
    step, the update and the call within it, and of the row of the global minibatch. So several replicas see what one
    device sees, and a resumed training goes on with the same bits. The first axis must be that of the examples.

    Anywhere else, in a network that is called by itself, they come from TensorFlow's own generator and are new at each
    call.

    Subclasses give `changed`, and call this constructor.

    Args:
        at_inference: whether the layer also works outside training. `sample(n, seed)` then draws its noise from the
            seed too; a model that is called or predicts takes seed 0, and the rows of each batch anew.
    """

    def __init__(self, at_inference, **kwargs):
        super().__init__(**kwargs)
        self.at_inference = at_inference

    def call(self, inputs, training=None):
        if not training and not self.at_inference:
            return inputs
        shape = [side if side is not None else tf.shape(inputs)[axis] for axis, side in enumerate(inputs.shape)]
        # In the precision of the weights: a mask drawn in bfloat16 has 128 values alone.
        changed = self.changed(tf.cast(inputs, self.variable_dtype), shape, noise_for(self))
        return tf.cast(changed, inputs.dtype)

    def changed(self, inputs, shape, draws):
        """The inputs with their noise.

        Args:
            inputs: tensor [N, ...] in the precision of the weights.
            shape: its sides, a list of integers and integer tensors.
            draws: has `normal` and `uniform`, as `kgan.randomness.Draws`.
        """
        raise NotImplementedError

    def rematerialized_call(self, layer_call, *args, **kwargs):
        return layer_call  # computed once more for the gradient, it would draw other numbers

    def compute_output_shape(self, input_shape):
        return input_shape


def noise_layers(network):
    """The noise layers of kgan's own in a network, in the order in which Keras lists them."""
    return [layer for layer in network._flatten_layers() if isinstance(layer, NoiseLayer)]


def works_at_inference(network):
    """Whether what a network makes depends on more than its inputs and weights, also outside training."""
    return any(layer.at_inference for layer in noise_layers(network))
