"""CycleGAN: its losses in closed form, who learns from what, and what it refuses."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import kgan
from kgan.losses import L1, L2
from kgan.tricks.pool import Pool
from tests import casts

A, B = np.array([[1.0], [3.0]], "float32"), np.array([[2.0], [-2.0]], "float32")


def linear(factor):
    """x -> factor * x."""
    network = keras.Sequential([keras.Input([1]), keras.layers.Dense(1, use_bias=False)])
    network.layers[0].kernel.assign([[factor]])
    return network


def game(factors=(2.0, 3.0, 1.0, 1.0), optimizer="sgd", **options):
    gan = kgan.CycleGAN(*map(linear, factors), **{"pool": None, "ema": 0.0} | options)
    gan.compile(**{f"{player}_optimizer": optimizer for player in gan.players})
    return gan


def test_the_losses_in_closed_form():
    """G_ab = 2x, G_ba = 3x, so that a comes back as 6a; both discriminators are the identity."""
    found = game(cycle=L1(10.0), identity=L1(5.0)).test_on_batch({"a": A, "b": B}, return_dict=True)
    cycle = 10 * 5 * (np.abs(A).mean() + np.abs(B).mean())
    identity = 5 * (np.abs(B).mean() + 2 * np.abs(A).mean())
    adversarial = np.mean((2 * A - 1) ** 2) / 2 + np.mean((3 * B - 1) ** 2) / 2
    d_loss = sum(np.mean((x - 1) ** 2) / 2 for x in (A, B)) + sum(np.mean(x**2) / 2 for x in (3 * B, 2 * A))
    expected = {"cycle_loss": cycle, "identity_loss": identity, "g_loss": adversarial + cycle + identity}
    for name, value in (expected | {"d_loss": d_loss}).items():
        assert found[name] == pytest.approx(value, rel=1e-5), name


def test_each_generator_learns_from_both_cycles():
    gan = kgan.CycleGAN(*map(linear, (2.0, 3.0, 0.0, 0.0)), cycle=L2(1.0), identity=None, pool=None, ema=0.0)
    gan.compile(**{f"{player}_optimizer": keras.optimizers.SGD(1e-3) for player in gan.players})
    gan.train_on_batch({"a": A, "b": B})
    # d/dw_ab of mean (w_ab w_ba x - x)^2 over both domains; discriminators that are 0 teach nothing.
    square = np.mean(A**2) + np.mean(B**2)
    for network, before, other in ((gan.generator_ab, 2.0, 3.0), (gan.generator_ba, 3.0, 2.0)):
        expected = before - 1e-3 * 2 * (6 - 1) * other * square
        np.testing.assert_allclose(network.layers[0].kernel.numpy(), [[expected]], rtol=1e-5)


@pytest.mark.parametrize("player", ["generator_ab", "generator_ba", "discriminator_a", "discriminator_b"])
def test_an_optimizer_moves_its_own_network_alone(player):
    gan = game()
    gan.compile(**{f"{name}_optimizer": keras.optimizers.SGD(0.01 * (name == player)) for name in gan.players})
    before = {name: getattr(gan, name).layers[0].kernel.numpy() for name in gan.players}
    gan.train_on_batch({"a": A, "b": B})
    for name, kernel in before.items():
        assert np.array_equal(kernel, getattr(gan, name).layers[0].kernel.numpy()) == (name != player)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (A, "fitted on two domains"),
        ({"a": A}, "fitted on two domains"),
        ({"a": A, "c": B}, "fitted on two domains"),
        ({"a": A.astype("uint8"), "b": B}, "fit takes float images"),
    ],
)
def test_other_data_are_refused(data, says):
    with pytest.raises(ValueError, match=says):
        game().fit(data, verbose=0)


@pytest.mark.parametrize(
    ("images", "says"),
    [
        (np.full([2, 4, 4, 1], np.nan, "float32"), "2 of 2 examples hold NaN or infinity"),
        (np.zeros([0, 4, 4, 1], "float32"), "There is not a single example"),
        (np.full([2, 4, 4, 1], 200.0, "float32"), "kgan.images.to_float"),
    ],
)
def test_what_no_generator_was_trained_on_is_not_mapped(images, says):
    gan = kgan.CycleGAN(*casts.of(kgan.CycleGAN).networks((4, 4, 1)))
    assert gan.map(np.zeros([2, 4, 4, 1], "float32")).shape == (2, 4, 4, 1)
    with pytest.raises(ValueError, match=says):
        gan.map(images)


def test_it_is_called_on_one_domain():
    for use in (game(), game().predict):
        with pytest.raises(ValueError, match="This game is called on images of domain a; got a dict"):
            use({"a": A, "b": B})


def test_domains_of_different_sizes_are_refused_before_keras_sees_them():
    with pytest.raises(ValueError, match=r"different numbers of examples: a 2 and b 1\. .* cut them to 1, or fit on"):
        game().fit({"a": A, "b": B[:1]}, verbose=0)


def test_networks_that_do_not_fit_are_refused():
    two = keras.Sequential([keras.Input([1]), keras.layers.Dense(2)])
    with pytest.raises(ValueError, match="both are of domain b"):
        kgan.CycleGAN(two, linear(1.0), linear(1.0), linear(1.0))
    squashed = keras.Sequential([keras.Input([1]), keras.layers.Dense(1, activation="sigmoid")])
    with pytest.raises(ValueError, match="raw scores"):
        kgan.CycleGAN(linear(1.0), linear(1.0), linear(1.0), squashed)
    with pytest.raises(ValueError, match="to must be one of 'a', 'b'; got 'c'"):
        game().map(A, to="c")


def reference(capacity, share, batches, uniform):
    """The authors' rule, one image after the other."""
    held, shown = [], []
    for batch in batches:
        made = []
        numbers = uniform(len(made), len(batch))
        for image, (u, place) in zip(batch, numbers, strict=True):
            if len(held) < capacity:
                held.append(image)
                made.append(image)
            elif u < share:
                at = min(int(np.float32(place) * np.float32(capacity)), capacity - 1)
                made.append(held[at])
                held[at] = image
            else:
                made.append(image)
        shown.append(made)
    return shown, held


@pytest.mark.parametrize(("capacity", "size"), [(5, 3), (3, 8), (1, 4)])
def test_the_pool_follows_the_rule_image_by_image(capacity, size):
    from kgan.randomness import Draws

    images = np.arange(6 * size, dtype="float32").reshape(6, size, 1)
    pool = Pool(capacity, share=0.5).stored([1], "pool")
    step = iter(range(6))
    draws = [Draws(0, "pool", [n]) for n in range(6)]
    wanted, held = reference(
        capacity, 0.5, images.tolist(), lambda _, count: draws[next(step)].uniform([count, 2]).numpy()
    )
    for batch, draw, expected in zip(images, draws, wanted, strict=True):
        np.testing.assert_array_equal(pool.exchange(tf.constant(batch), draw).numpy(), expected)
    np.testing.assert_array_equal(pool.images.numpy()[: len(held)], held)
    assert int(pool.filled.numpy()) == capacity


def test_a_recipe_without_two_domains_is_one_line(tmp_path):
    from kgan import recipe
    from kgan.running import experiment

    text = (
        "steps: 2\ndataset: {RingOfGaussians: {}}\nobjective: {CycleGAN: {}}\n"
        "generator_ab: {MLPGenerator: {latent_dim: 2}}\ngenerator_ba: {MLPGenerator: {latent_dim: 2}}\n"
        "discriminator_a: {MLPDiscriminator: {}}\ndiscriminator_b: {MLPDiscriminator: {}}\noptimizers:\n"
        + "".join(f"  {name}: {{Adam: {{}}}}\n" for name in kgan.CycleGAN.players)
    )
    path = tmp_path / "maps.yaml"
    path.write_text(text)
    with pytest.raises(recipe.RecipeError, match="no domain 'a'; name two, as Domains"):
        experiment.build(recipe.load(path))
