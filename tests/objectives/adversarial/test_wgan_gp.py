"""The critic of a per-sample penalty, and the penalty in the game."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import kgan
from kgan import layers, regularizers
from kgan.batch import Batch
from kgan.layers.coupling import coupling_layers


@pytest.mark.parametrize("objective", [kgan.WGANGP, kgan.WGANLP])
def test_batch_normalisation_in_the_critic_is_refused(objective):
    generator = kgan.architectures.DCGANGenerator((16, 16, 1), width=4)
    with pytest.raises(ValueError, match=r'couples the examples of a minibatch.*normalization="layer"'):
        objective(generator, kgan.architectures.DCGANDiscriminator((16, 16, 1), width=4))
    objective(generator, kgan.architectures.DCGANDiscriminator((16, 16, 1), width=4, normalization="layer"))


def conditional(x):
    """The condition is a function of the example itself."""
    return layers.ConditionalBatchNormalization()([x, x])


def virtual(x):
    return layers.VirtualBatchNormalization()([x, layers.ReferenceBatch(4)(x)])[0]


def critic(layer):
    x = keras.Input([2])
    return keras.Model(x, keras.layers.Dense(1)(keras.layers.Dense(4, "tanh")(layer(x))))


COUPLING = {
    "batch": keras.layers.BatchNormalization(),
    "conditional batch": conditional,
    "minibatch discrimination": layers.MinibatchDiscrimination(3, 2),
    "minibatch deviation": layers.MinibatchStddev(None),
}
APART = {"layer": layers.LayerNormalization(), "virtual batch": virtual}


@pytest.mark.parametrize("name", [*COUPLING, *APART])
def test_whether_a_layer_couples_is_known(name):
    """In training, another second example changes what becomes of the first, or it does not."""
    network = critic((COUPLING | APART)[name])
    one, other = tf.constant([[1.0, 2.0], [3.0, 5.0]]), tf.constant([[1.0, 2.0], [-7.0, 4.0]])
    change = abs(float(network(one, training=True)[0, 0] - network(other, training=True)[0, 0]))
    assert bool(coupling_layers(network)) == (name in COUPLING) == (change > 1e-4)


@pytest.mark.parametrize("name", [*COUPLING, *APART])
@pytest.mark.parametrize("penalty", [regularizers.GradientPenalty, regularizers.LipschitzPenalty])
def test_a_coupling_discriminator_is_refused_by_penalties_of_each_examples_own_gradient(name, penalty):
    def game(*penalties):
        generator = kgan.architectures.MLPGenerator(data_shape=(2,), latent_dim=3, units=(8,))
        return kgan.StandardGAN(generator, critic((COUPLING | APART)[name]), regularizers=penalties)

    if name in COUPLING:
        with pytest.raises(ValueError, match=rf"couples the examples of a minibatch, and {penalty.__name__} judges"):
            game(penalty())
    else:
        game(penalty())
    game(regularizers.R1(), regularizers.R2(), regularizers.DRAGAN())


def test_a_zero_centred_penalty_of_a_coupling_discriminator_is_that_of_the_sum_of_the_scores():
    """With D(x) = the deviation s of a minibatch, for each of its N examples, the sum is N s."""
    x = keras.Input([1])
    discriminator = keras.Model(x, layers.MinibatchStddev(None)(x)[:, 1:])
    generator = kgan.architectures.MLPGenerator(data_shape=(1,), latent_dim=3, units=(8,))
    gan = kgan.StandardGAN(generator, discriminator, regularizers=[regularizers.R1(1.0)])
    values = np.array([[1.0], [2.0], [6.0]])
    real = Batch(tf.constant(values, tf.float32))
    gradient = (values - values.mean()) / values.std()  # N ds/dx
    expected = 0.5 * (gradient**2).mean()
    assert float(gan.penalties(gan.discriminator, real, real)) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(("objective", "expected"), [(kgan.WGANGP, 10 * 0.5**2), (kgan.WGANLP, 0.0)])
def test_a_linear_critics_penalty_in_the_game(objective, expected):
    generator = kgan.architectures.MLPGenerator(data_shape=(2,), latent_dim=3, units=(8,))
    critic = keras.Sequential([keras.Input([2]), keras.layers.Dense(1)])
    critic.layers[0].kernel.assign([[0.3], [0.4]])
    gan = objective(generator, critic)
    real = Batch(tf.constant(np.random.default_rng(0).normal(size=[8, 2]), tf.float32))
    value = gan.penalties(gan.discriminator, real, gan.fakes(real))
    assert float(value) == pytest.approx(expected, abs=1e-6)
    assert float(gan.penalties(gan.generator, real, gan.fakes(real))) == 0


def test_penalties_add_up():
    generator = kgan.architectures.MLPGenerator(data_shape=(2,), latent_dim=3, units=(8,))
    critic = keras.Sequential([keras.Input([2]), keras.layers.Dense(1)])
    critic.layers[0].kernel.assign([[3.0], [4.0]])
    both = [kgan.regularizers.GradientPenalty(1.0), kgan.regularizers.LipschitzPenalty(2.0)]
    gan = kgan.StandardGAN(generator, critic, regularizers=both)
    real = Batch(tf.zeros([8, 2]))
    assert float(gan.penalties(gan.discriminator, real, gan.fakes(real))) == pytest.approx(16 + 32, rel=1e-5)
