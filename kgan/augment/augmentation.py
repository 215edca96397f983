"""The contract of every augmentation."""

from kgan.configurable import Configurable


class Augmentation(Configurable):
    """A random change of the images that the discriminator sees, through which the generator's gradient flows.

    It is a value and no Keras layer: a layer would draw from a state of its own, which neither replicas share nor a
    checkpoint of weights holds. Every look of the discriminator at a batch has its own draws. Penalties look at
    their points through it, and differentiate through it; held-out data are shown as they are.
    """

    def check(self, shape):
        """Raises `ValueError` where examples of this shape cannot be changed in this way."""

    def __call__(self, images, draws, step):
        """The changed images, of the same shape.

        Args:
            images: float32 [N, ...].
            draws: `Draws` of this look.
            step: the training steps done, an integer tensor.
        """
        raise NotImplementedError
