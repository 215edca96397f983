"""Weight decay, the term of any player."""

import keras
import numpy as np
import pytest

import kgan
from kgan.regularizers import WeightDecay


def test_it_shrinks_the_kernels_of_the_players_that_it_names(toy, ring):
    """With gradient descent and losses that are flat, a step multiplies kernels by 1 - rate * weight."""
    options = {
        "optimizer": lambda: keras.optimizers.SGD(0.1),
        "adversarial_loss": kgan.losses.LeastSquares(0.0, 0.0, 0.0),
    }
    one = toy(kgan.StandardGAN, **options)
    other = toy(kgan.StandardGAN, regularizers=(WeightDecay(0.5, players=("generator",)),), **options)
    other.set_weights(one.get_weights())
    before = [weight.numpy() for weight in one.generator.trainable_weights]
    for gan in (one, other):
        gan.train_on_batch(ring[:8])
    weights = zip(before, one.generator.trainable_weights, other.generator.trainable_weights, strict=True)
    for begun, without, with_it in weights:
        decay = 0.1 * 0.5 * begun if begun.ndim > 1 else 0.0
        np.testing.assert_allclose(with_it.numpy(), without.numpy() - decay, atol=1e-6)
    for without, with_it in zip(one.discriminator.weights, other.discriminator.weights, strict=True):
        np.testing.assert_array_equal(without, with_it)


@pytest.mark.parametrize("objective", [kgan.BiGAN, kgan.VAE, kgan.WGANGP])
def test_without_names_it_is_a_term_of_all(toy, ring, objective):
    gan = toy(objective, regularizers=(WeightDecay(1e6),))
    found = gan.inspect(ring[:8])
    assert all(found[f"{player}_gradient"] > 1e5 for player in gan.players)


def test_a_name_that_nobody_has_is_refused(toy):
    with pytest.raises(
        ValueError, match="is for 'encoder', and the players of StandardGAN are generator, discriminator"
    ):
        toy(kgan.StandardGAN, regularizers=(WeightDecay(players=("encoder",)),))
