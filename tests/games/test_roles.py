"""Which input takes what: by name, else the only one, else in the order of the roles, else refused."""

import keras
import numpy as np
import pytest

import kgan
from kgan.games.roles import Roles


def network(*names, structure=list):
    given = {name: keras.Input([2], name=name) for name in names}
    x = keras.layers.Concatenate()(list(given.values())) if len(given) > 1 else next(iter(given.values()))
    inputs = {dict: given, list: list(given.values())}[structure]
    return keras.Model(inputs if structure is dict or len(given) > 1 else inputs[0], keras.layers.Dense(1)(x))


BOTH = ("latents", "labels")


@pytest.mark.parametrize(
    ("names", "wanted"),
    [
        (("latents", "labels"), ["latents", "labels"]),
        (("labels", "latents"), ["labels", "latents"]),  # whatever their order
        (("y", "z"), ["labels", "latents"]),
        (("noise", "label"), ["latents", "labels"]),
        (("first", "second"), ["latents", "labels"]),  # names that say nothing: in the order of the roles
        (("labels", "something"), ["labels", "latents"]),  # the one that is left
        (("anything",), "latents"),
        (("x",), "latents"),
    ],
)
def test_inputs_by_what_they_take(names, wanted):
    roles = Roles("generator", network(*names), BOTH)
    assert roles.inputs(latents="latents", labels="labels") == wanted


def test_a_dictionary_gets_exactly_its_keys():
    roles = Roles("generator", network("labels", "z", structure=dict), BOTH)
    assert roles.inputs(latents=1, labels=2, times=3) == {"z": 1, "labels": 2}


@pytest.mark.parametrize(
    ("names", "structure", "says"),
    [
        (("images", "z"), list, "The critic's input 'z' is for latents, and it is given images and labels alone."),
        (("x", "image"), list, "Two inputs of the critic are for images: 'x' and 'image'."),
        (("images", "labels", "other"), list, "The critic has the inputs 'images', 'labels', 'other'"),
        (("a", "b"), dict, "The critic has the inputs 'a', 'b', and it is given images and labels: name each"),
        (("labels",), list, "The critic has no input for images"),
    ],
)
def test_what_is_not_clear_is_refused(names, structure, says):
    with pytest.raises(ValueError, match=says):
        Roles("critic", network(*names, structure=structure), ("images", "labels"))


def test_integers_for_latents_are_refused():
    z = keras.Input([2], dtype="int32", name="latents")
    with pytest.raises(ValueError, match="The generator's input for latents takes integers"):
        Roles("generator", keras.Model(z, keras.layers.Dense(1)(keras.ops.cast(z, "float32"))), BOTH)


def test_they_survive_a_file(tmp_path):
    """Keras renames inputs without names when it loads a network; which is which does not change."""
    z, y = keras.Input([2]), keras.Input([], dtype="int32")
    made = keras.layers.Dense(2)(keras.layers.Concatenate()([z, keras.layers.Embedding(3, 2)(y)]))
    gan = kgan.StandardGAN(keras.Model([z, y], made), kgan.architectures.MLPDiscriminator((2,), units=(4,)))
    gan.save(tmp_path / "gan.keras")
    loaded = kgan.load(tmp_path / "gan.keras")
    np.testing.assert_array_equal(loaded.sample(4, labels=[0, 1, 2, 0]), gan.sample(4, labels=[0, 1, 2, 0]))


def test_a_game_of_networks_with_dictionaries_trains_as_with_lists(ring):
    def game(structure):
        keras.utils.set_random_seed(0)
        z, y = keras.Input([2], name="latents"), keras.Input([], dtype="int32", name="labels")
        made = keras.layers.Dense(2)(keras.layers.Concatenate()([z, keras.layers.Embedding(3, 2)(y)]))
        generator = keras.Model({"labels": y, "latents": z} if structure is dict else [z, y], made)
        gan = kgan.StandardGAN(generator, kgan.architectures.MLPDiscriminator((2,), units=(4,)))
        gan.compile(generator_optimizer="sgd", discriminator_optimizer="sgd")
        gan.fit(ring, np.arange(len(ring)) % 3, batch_size=32, verbose=0, shuffle=False)
        return gan.sample(5, labels=[0, 1, 2, 0, 1])

    np.testing.assert_array_equal(game(dict), game(list))


def test_networks_that_share_a_weight_are_refused():
    shared = keras.layers.Dense(2)
    generator = keras.Sequential([keras.Input([2]), shared])
    discriminator = keras.Sequential([keras.Input([2]), shared, keras.layers.Dense(1)])
    with pytest.raises(ValueError, match="The generator and the discriminator share the weight .*kernel"):
        kgan.StandardGAN(generator, discriminator)
