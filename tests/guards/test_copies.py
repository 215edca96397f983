"""The averaged generator computes what the generator does, or there is no game."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import kgan
from kgan import precision

L = keras.layers


class Forgetful(L.Layer):
    """Its config lacks the factor."""

    def __init__(self, factor=1.0, **options):
        super().__init__(**options)
        self.factor = factor

    def call(self, x):
        return x * self.factor

    def get_config(self):
        return super().get_config()


class Noisy(L.Layer):
    """Draws at inference too, from whatever `draw` says."""

    def __init__(self, kind="own", **options):
        super().__init__(**options)
        self.kind = kind
        self.seeds = keras.random.SeedGenerator(1)

    def call(self, x):
        if self.kind == "tensorflow":
            return x + tf.random.normal(tf.shape(x))
        return x + keras.random.normal(keras.ops.shape(x), seed=self.seeds if self.kind == "own" else None)

    def get_config(self):
        return super().get_config() | {"kind": self.kind}


def named(x):
    return 2 * x


def game(*layers):
    return kgan.StandardGAN(
        keras.Sequential([keras.Input([3]), L.Dense(4), *layers, L.Dense(2)]),
        keras.Sequential([keras.Input([2]), L.Dense(1)]),
    )


@pytest.mark.parametrize(
    "layer",
    [lambda: L.Lambda(lambda x: 2 * x, name="mine"), lambda: L.Lambda(named, name="mine"),
     lambda: L.Dense(3, activation=named, name="mine")],
)  # fmt: skip
def test_a_layer_that_cannot_be_copied_is_named_with_a_cure(layer):
    says = r"'mine' \(\w+\) of the generator again .*write a Layer whose get_config"
    with pytest.raises(ValueError, match=says) as error:
        game(layer())
    assert "\n" not in str(error.value) and len(str(error.value)) < 450


def test_a_copy_that_computes_something_else_is_refused():
    with pytest.raises(ValueError, match=r"'mine' \(Forgetful: factor is 2.0 and 1.0\)") as error:
        game(Forgetful(2.0, name="mine"))
    assert "\n" not in str(error.value)
    inside = keras.Sequential([keras.Input([4]), Forgetful(2.0, name="inner")])
    with keras.saving.custom_object_scope({"Forgetful": Forgetful}), pytest.raises(ValueError, match="'inner'"):
        game(inside)
    gan = game(Forgetful(1.0))  # nothing is lost
    np.testing.assert_array_equal(gan.ema_generator(np.ones([2, 3])), gan.generator(np.ones([2, 3])))


def test_forgetful_layers_behind_labels_are_found_too():
    z, y = keras.Input([3]), keras.Input([], dtype="int32")
    images = L.Dense(2)(Forgetful(3.0)(L.Concatenate()([z, L.Embedding(4, 2)(y)])))
    with pytest.raises(ValueError, match="factor is 3.0 and 1.0"):
        kgan.StandardGAN(keras.Model([z, y], images), keras.Sequential([keras.Input([2]), L.Dense(1)]))


@pytest.mark.parametrize("kind", ["own", "keras", "tensorflow"])
@pytest.mark.parametrize("begun", [False, True])
def test_noise_at_inference_is_no_difference_and_nothing_is_drawn_for_the_comparison(kind, begun, monkeypatch):
    def drawn(compare):
        keras.utils.set_random_seed(5)
        if begun:
            keras.random.normal([1])
        with monkeypatch.context() as patched:
            if not compare:
                patched.setattr("kgan.guards.copies._numbers", lambda network, labels: None)
            gan = game(Noisy(kind), L.Dropout(0.5))
        states = [variable.numpy() for variable in [*gan.variables, *gan.generator.variables]]
        return [*states, keras.random.normal([3]), tf.random.normal([3]), np.random.normal(size=3)]

    for one, other in zip(drawn(True), drawn(False), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_under_mixed_precision_a_copy_is_the_same(policy):
    with precision.policy(policy):
        game(L.BatchNormalization(), L.LeakyReLU())
        with pytest.raises(ValueError, match="factor is 2.0 and 1.0"):
            game(Forgetful(2.0))
