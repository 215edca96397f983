"""What the layers of this room share."""

import keras

from kgan.configurable import Configurable


class Layer(Configurable, keras.layers.Layer):
    """A Keras layer that its constructor's arguments describe, beside Keras' own: name, trainable and dtype."""

    def get_config(self):
        return {**keras.layers.Layer.get_config(self), **super().get_config()}
