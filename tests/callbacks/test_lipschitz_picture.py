"""Steepness in numbers and pictures: closed forms of linear critics, bounds that products of norms give."""

import json

import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

import kgan
from kgan.callbacks import Checkpoint, LipschitzPicture, Log
from kgan.callbacks.lipschitz_picture import spectral_norms
from tests.conftest import networks, numbers

RING = kgan.datasets.RingOfGaussians(size=200)


def looking(gan, tmp_path, data=RING, **options):
    gan.run_dir = tmp_path
    picture = LipschitzPicture(data=data, **options)
    picture.set_model(gan)
    return picture


def linear(slope):
    critic = keras.Sequential([keras.Input([2]), keras.layers.Dense(1)])
    critic.layers[0].kernel.assign(np.reshape(slope, [2, 1]))
    return critic


def test_a_linear_critic_is_as_steep_everywhere_as_its_kernel_is_long(tmp_path):
    gan = kgan.WGANGP(networks(kgan.WGANGP)[0], linear([3.0, 4.0]))
    found = looking(gan, tmp_path).look()
    assert found == {
        name: pytest.approx(5.0) for name in ("gradient_norm_mean", "gradient_norm_max", "spectral_norm_1")
    }


def test_the_points_lie_between_data_and_samples(tmp_path):
    """D(x) = |x|^2 / 2 has the gradient x itself."""
    x = keras.Input([2])
    square = keras.layers.Dot(1)([x, x])
    critic = keras.Model(x, keras.layers.Dense(1, use_bias=False, kernel_initializer=lambda *_, **__: [[0.5]])(square))
    gan = kgan.WGANGP(networks(kgan.WGANGP)[0], critic)
    picture = looking(gan, tmp_path)
    norms = picture.gradient_norms()
    real, fake = RING.example(200)[0], gan.sample_values(200, seed=0)
    longest = np.maximum(np.linalg.norm(real, axis=1), np.linalg.norm(fake, axis=1))
    assert norms.shape == (200,) and (norms <= longest + 1e-5).all()
    direction = fake - real
    share = np.clip((-real * direction).sum(axis=1) / (direction**2).sum(axis=1), 0, 1)[:, None]
    nearest = np.linalg.norm(real + share * direction, axis=1)
    assert (norms >= nearest - 1e-5).all()
    for ends in (real, fake):
        assert (np.abs(norms - np.linalg.norm(ends, axis=1)) > 1e-3).mean() > 0.9


def test_no_gradient_is_longer_than_the_product_of_the_spectral_norms(toy, tmp_path):
    gan = toy()  # LeakyReLU is 1-Lipschitz
    found = looking(gan, tmp_path).look()
    product = np.prod([value for name, value in found.items() if name.startswith("spectral")])
    assert 0 < found["gradient_norm_mean"] <= found["gradient_norm_max"] <= product * (1 + 1e-5)


def test_spectrally_normalised_kernels_have_the_norm_one_and_the_critic_no_larger_slope(toy, tmp_path):
    gan = toy(kgan.SNGAN)
    for layer in gan.discriminator.layers:
        if isinstance(layer, kgan.layers.SpectralNormalization):
            layer.kernel.assign(7 * layer.kernel.value)  # W / sigma(W) does not change
    found = looking(gan, tmp_path).look()
    norms = [value for name, value in found.items() if name.startswith("spectral")]
    np.testing.assert_allclose(norms, [1, 1, 1], rtol=1e-3)
    assert found["gradient_norm_max"] <= 1.001


@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        (keras.layers.Conv2D(3, 2), [4, 4, 5]),
        (keras.layers.Conv2DTranspose(3, 2), [4, 4, 5]),
        (kgan.layers.SpectralNormalization(keras.layers.Conv2DTranspose(3, 2), power_iterations=1), [4, 4, 5]),
    ],
)
def test_a_convolutions_matrix_has_its_filters_as_columns(layer, shape):
    network = keras.Sequential([keras.Input(shape), layer])
    inner = getattr(layer, "layer", layer)
    kernel = inner.kernel.numpy().astype(np.float64)  # of a transposed one [h, w, filters, channels]
    rows = np.moveaxis(kernel, 3 if inner.__class__ is keras.layers.Conv2D else 2, 0).reshape(3, -1)
    largest = np.linalg.svd(rows, compute_uv=False)[0]
    expected = 1.0 if inner is not layer else largest
    assert spectral_norms(network) == pytest.approx([expected], rel=1e-3 if inner is not layer else 1e-6)


def test_the_share_of_clipped_weights(toy, tmp_path):
    gan = toy(kgan.WGAN, clip=0.25)
    count = sum(int(np.prod(variable.shape)) for variable in gan.discriminator.trainable_variables)
    for variable in gan.discriminator.trainable_variables:
        variable.assign(tf.fill(variable.shape, 0.1))
    gan.discriminator.trainable_variables[0].assign(tf.fill([2, 8], -0.25))
    assert looking(gan, tmp_path).look()["clipped_share"] == pytest.approx(16 / count)
    assert "clipped_share" not in looking(toy(), tmp_path).look()


def test_the_surface_is_that_of_the_scores(tmp_path):
    gan = kgan.WGANGP(networks(kgan.WGANGP)[0], linear([1.0, 10.0]))
    ticks, scores = looking(gan, tmp_path).surface()
    assert scores[5, 7] == pytest.approx(ticks[7] + 10 * ticks[5], rel=1e-4)
    assert ticks[-1] > np.abs(RING.example(200)[0]).max()


def test_numbers_in_the_log_and_pictures_in_the_run_folder(toy, tmp_path):
    gan = toy(kgan.WGAN, discriminator_steps=1)
    callbacks = [looking(gan, tmp_path, every=10), Log(every=5)]
    history = gan.fit(
        RING.batches(16), epochs=4, steps_per_epoch=5, callbacks=callbacks, verbose=0, shuffle=False
    ).history
    lines = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert ["gradient_norm_mean" in line for line in lines] == [False, True, False, True]
    names = {"gradient_norm_max", "clipped_share", "spectral_norm_1", "spectral_norm_2", "spectral_norm_3"}
    assert names <= set(lines[1]) and [line["clipped_share"] for line in lines[1::2]] == history["clipped_share"]
    pictures = sorted((tmp_path / "lipschitz").iterdir())
    assert [path.name for path in pictures] == ["step-00000010.png", "step-00000020.png"]
    with Image.open(pictures[0]) as picture:
        picture.verify()


def test_looking_changes_nothing(toy, tmp_path):
    gan = toy(kgan.SNGAN)
    before = numbers(gan)
    picture = looking(gan, tmp_path)
    assert picture.look() == picture.look()
    for a, b in zip(before, numbers(gan), strict=True):
        np.testing.assert_array_equal(a, b)


def test_batch_normalisation_stays_as_it_is_and_labels_go_to_both_networks(tmp_path):
    class Images(kgan.datasets.Showers):
        """Footprints with a class each."""

        num_classes = 3

        def batch(self, indices):
            found = super().batch(indices)
            return kgan.batch.Batch(found.images, np.asarray(indices, np.int32) % 3)

    data = Images(size=20)
    shape = data.image_shape
    gan = kgan.StandardGAN(
        kgan.architectures.DCGANGenerator(shape, latent_dim=4, width=4, conditioning="concatenation", num_classes=3),
        kgan.architectures.DCGANDiscriminator(shape, width=4, conditioning="projection", num_classes=3),
    )
    before = numbers_of(gan.discriminator)
    found = looking(gan, tmp_path, data).look()
    assert found["gradient_norm_mean"] > 0 and len(list((tmp_path / "lipschitz").iterdir())) == 1
    for a, b in zip(before, numbers_of(gan.discriminator), strict=True):
        np.testing.assert_array_equal(a, b)


def numbers_of(network):
    return [variable.numpy() for variable in network.weights]


def test_the_energy_is_the_score_of_an_autoencoder(toy, tmp_path):
    found = looking(toy(kgan.EBGAN, margin=1.0), tmp_path).look()
    assert found["gradient_norm_max"] > 0 and "spectral_norm_4" in found


def test_two_replicas_see_what_one_device_sees(toy, tmp_path, replicas):
    found = []
    for strategy in (tf.distribute.get_strategy(), replicas):
        keras.utils.set_random_seed(0)
        with strategy.scope():
            gan = toy(kgan.WGANGP, discriminator_steps=1)
        picture = looking(gan, tmp_path, every=2)
        history = gan.fit(RING.batches(16), epochs=1, steps_per_epoch=2, callbacks=[picture], verbose=0, shuffle=False)
        found.append([history.history["gradient_norm_mean"][0], history.history["spectral_norm_2"][0]])
    np.testing.assert_allclose(found[0], found[1], rtol=1e-4)


def test_it_goes_on_looking_when_it_would_have(toy, tmp_path):
    """A checkpoint between two looks does not put off the next one."""
    for epochs in (3, 5):
        gan = toy(discriminator_steps=1)
        picture = looking(gan, tmp_path, every=10)
        callbacks = [picture, Checkpoint(every=100)]
        gan.fit(RING.batches(16), epochs=epochs, steps_per_epoch=4, callbacks=callbacks, verbose=0, shuffle=False)
    assert [path.name for path in sorted((tmp_path / "lipschitz").iterdir())] == [
        "step-00000012.png",
        "step-00000020.png",
    ]


def test_wrong_arguments_get_a_sentence():
    with pytest.raises(ValueError, match="every must be at least 1"):
        LipschitzPicture(every=0, data=RING)


def test_a_recipe_makes_it(tmp_path):
    from kgan import recipe
    from kgan.running import experiment

    plan = recipe.load(
        "recipes/wgan_gp_ring.yaml",
        ["callbacks=[{LipschitzPicture: {every: 2}}]", "steps=2", "log.every=2", "dataset.size=100", "batch_size=8",
         "generator.units=[8]", "discriminator.units=[8]"],
    )  # fmt: skip
    experiment.fit(plan, tmp_path / "run", say=lambda line: None)
    line = json.loads((tmp_path / "run" / "log.jsonl").read_text().splitlines()[-1])
    assert line["gradient_norm_max"] >= line["gradient_norm_mean"] > 0
    assert (tmp_path / "run" / "lipschitz" / "step-00000002.png").exists()


# What multiplies in the bound of a network. The largest slope of x sigmoid(x) is where x tanh(x / 2) = 2.
LIPSCHITZ = {
    "relu": 1.0, "leaky_relu": 1.0, "tanh": 1.0, "sigmoid": 0.25, "elu": 1.0, "softplus": 1.0, "silu": 1.0998393194,
    "selu": 1.0507009873 * 1.6732632423, "gelu": 1.1289041, "hard_sigmoid": 1 / 6, "softsign": 1.0,
}  # fmt: skip


@pytest.mark.parametrize(("name", "bound"), LIPSCHITZ.items())
def test_how_steep_activations_are(name, bound):
    x = tf.constant(np.linspace(-30, 30, 600_001))
    activation = keras.activations.get(name)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = activation(x)
    assert float(tf.reduce_max(tf.abs(tape.gradient(y, x)))) == pytest.approx(bound, rel=2e-4)
    assert np.abs(np.diff(y) / np.diff(x)).max() <= bound + 1e-6


def test_data_of_another_shape_are_refused(toy, ring):
    picture = LipschitzPicture(every=1, data=kgan.datasets.Showers(size=64))
    with pytest.raises(ValueError, match=r"the discriminator takes \(2,\); give it the data of the training"):
        toy(kgan.WGANGP).fit(ring, callbacks=[picture], verbose=0)
