"""A guard against losses and weights that are NaN or infinite."""

import math

import tensorflow as tf

from kgan.callbacks.callback import Callback


class Diverged(ArithmeticError):
    """A loss or a weight is NaN or infinite."""


class StopOnNonFinite(Callback):
    """Raises `Diverged`, naming the step and the tensor, as soon as a loss is NaN or infinite, and at the
    end of an epoch if a weight is.

    Example:
        >>> import keras
        >>> import kgan
        >>> gan = kgan.StandardGAN(
        ...     kgan.architectures.MLPGenerator(data_shape=(2,), latent_dim=2),
        ...     kgan.architectures.MLPDiscriminator(data_shape=(2,)),
        ... )
        >>> gan.compile(generator_optimizer="adam", discriminator_optimizer="adam")
        >>> gan.fit(tf.fill([32, 2], float("nan")), callbacks=[StopOnNonFinite()], verbose=0)
        Traceback (most recent call last):
        kgan.callbacks.finite.Diverged: Training diverged at step 1: d_loss is nan.
    """

    def on_train_batch_end(self, batch, logs=None):
        for name, value in (logs or {}).items():
            if not math.isfinite(value):
                weight = first_non_finite(self.model)
                also = f", and so is the weight {weight}" if weight else ""
                raise Diverged(f"Training diverged at step {self.step}: {name} is {float(value)}{also}.")

    def on_epoch_end(self, epoch, logs=None):
        check_weights(self.model)


def check_weights(model):
    """Raises `Diverged` if a weight of the game is not finite."""
    weight = first_non_finite(model)
    if weight:
        raise Diverged(f"Training diverged at step {int(model.step.numpy())}: the weight {weight} is not finite.")


def first_non_finite(model):
    """The name of the first weight of the players that is NaN or infinite, or None."""
    for player in reversed(model.players):  # the discriminator learns first
        for weight in getattr(model, player).weights:
            if weight.dtype.startswith("float") and not tf.reduce_all(tf.math.is_finite(weight.value)):
                return f"{player}/{weight.path}"
    return None
