"""Which layers let the examples of a minibatch see each other."""

import keras


def coupling_layers(network):
    """The layers of a network that couple the examples of a minibatch: what one becomes in training depends on others.

    They are Keras' BatchNormalization, unless it is frozen and uses its fixed statistics, and every other layer with
    `couples_batch = True`, as a layer of one's own may have it. VirtualBatchNormalization is none of them: an example
    meets itself and the reference batch, the same for all.
    """
    return [layer for layer in network._flatten_layers() if _couples(layer)]


def _couples(layer):
    if isinstance(layer, keras.layers.BatchNormalization):
        return layer.trainable
    return getattr(layer, "couples_batch", False)
