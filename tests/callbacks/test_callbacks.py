"""Callbacks in Keras scripts: pictures, logs, guards, checkpoints."""

import json

import keras
import numpy as np
import pytest
from PIL import Image

import kgan
from kgan.callbacks import Checkpoint, Diverged, Log, SampleGrid, StopOnNonFinite, TensorBoard
from kgan.runs import checkpoint


@pytest.fixture
def gan(toy, tmp_path):
    gan = toy(discriminator_steps=1)
    gan.run_dir = tmp_path
    return gan


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_row_for_each_label(tmp_path):
    from kgan import images

    gan = kgan.StandardGAN(
        kgan.architectures.DCGANGenerator(
            (8, 8, 1), latent_dim=4, width=4, conditioning="concatenation", num_classes=3
        ),
        kgan.architectures.DCGANDiscriminator((8, 8, 1), width=4, conditioning="concatenation", num_classes=3),
    )
    gan.compile(generator_optimizer="adam", discriminator_optimizer="adam")
    gan.run_dir = tmp_path
    x = np.zeros([8, 8, 8, 1], "float32"), np.arange(8) % 3
    gan.fit(*x, batch_size=8, callbacks=[SampleGrid(every=10, count=8, labels=[2, 0])], verbose=0)
    with Image.open(tmp_path / "samples" / "step-00000001.png") as picture:
        expected = images.grid(gan.sample(8, labels=[2] * 4 + [0] * 4), columns=4)
        np.testing.assert_array_equal(np.asarray(picture), expected[..., 0])
    with pytest.raises(ValueError, match="count must be a multiple of the number of labels, 3; got 64"):
        SampleGrid(labels=[0, 1, 2])


def test_pictures_at_the_beginning_every_so_often_and_at_the_end(gan, ring, tmp_path):
    gan.fit(ring, batch_size=16, epochs=1, callbacks=[SampleGrid(every=4)], verbose=0)
    assert names(tmp_path / "samples") == [f"step-{step:08d}.png" for step in (0, 4, 8, 10)]


def test_the_grid_shows_the_averaged_generators_samples_of_fixed_latents(tmp_path):
    from kgan import images

    gan = kgan.StandardGAN(
        kgan.architectures.DCGANGenerator((8, 8, 3), latent_dim=4, width=4),
        kgan.architectures.DCGANDiscriminator((8, 8, 3), width=4),
    )
    gan.compile(generator_optimizer="adam", discriminator_optimizer="adam")
    gan.run_dir = tmp_path
    x = np.random.default_rng(0).uniform(-1, 1, [16, 8, 8, 3]).astype("float32")
    gan.fit(x, batch_size=16, callbacks=[SampleGrid(every=10, count=9, seed=5)], verbose=0)
    with Image.open(tmp_path / "samples" / "step-00000001.png") as picture:
        np.testing.assert_array_equal(np.asarray(picture), images.grid(gan.sample(9, seed=5)))


def test_a_line_per_epoch_with_its_means(gan, ring, tmp_path):
    history = gan.fit(ring, batch_size=16, epochs=2, callbacks=[Log(images_per_step=16, dataset_size=160)], verbose=0)
    lines = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines] == [10, 20]
    assert [line["epoch"] for line in lines] == [1.0, 2.0] and [line["images"] for line in lines] == [160, 320]
    assert [line["d_loss"] for line in lines] == history.history["d_loss"]
    assert 0 < lines[0]["seconds"] <= lines[1]["seconds"] and lines[0]["images_per_second"] > 0


def test_a_loss_that_is_no_number_stops_at_its_step(gan, ring):
    ring[40:48] = np.nan  # the sixth batch
    with pytest.raises(Diverged, match=r"at step 6: d_loss is nan, and so is the weight discriminator/"):
        gan.fit(ring, batch_size=8, shuffle=False, callbacks=[StopOnNonFinite()], verbose=0)


def test_a_weight_that_is_no_number_stops(gan, ring):
    gan.generator.trainable_variables[1].assign(
        np.full([8], -np.inf)
    )  # a bias before a ReLU, so that losses are finite
    with pytest.raises(Diverged, match="the weight generator/.*bias is not finite"):
        gan.fit(ring, batch_size=16, callbacks=[StopOnNonFinite()], verbose=0)


def test_checkpoints_by_steps_and_the_last_of_them(gan, ring, tmp_path):
    gan.fit(ring, batch_size=16, callbacks=[Checkpoint(every=4, keep=2)], verbose=0)
    assert [path.name for path in sorted((tmp_path / "checkpoints").glob("*.json"))] == [
        "step-00000008.json",
        "step-00000010.json",
    ]


def test_checkpoints_by_time(gan, ring, tmp_path):
    gan.fit(ring, batch_size=16, callbacks=[Checkpoint(every=1000, seconds=1e-6, keep=20)], verbose=0)
    assert len(list((tmp_path / "checkpoints").glob("*.json"))) == 11  # with the beginning


def test_what_is_not_finite_is_not_saved(gan, ring, tmp_path):
    def poison(batch, logs):
        if batch == 6:
            gan.discriminator.trainable_variables[0].assign(np.full([2, 8], np.nan))

    members = [keras.callbacks.LambdaCallback(on_train_batch_end=poison), Checkpoint(every=5)]
    with pytest.raises(Diverged, match="the weight discriminator/"):
        gan.fit(ring, batch_size=16, callbacks=members, verbose=0)
    assert checkpoint.latest(tmp_path / "checkpoints")[1]["step"] == 5


def test_tensorboard_writes_into_the_run_folder(gan, ring, tmp_path):
    pytest.importorskip("tensorboard", reason="tensorboard is an extra")
    gan.fit(ring, batch_size=16, callbacks=[TensorBoard()], verbose=0)
    assert list((tmp_path / "tensorboard").rglob("events.*"))


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: SampleGrid(every=0), "every must be at least 1; got 0"),
        (lambda: SampleGrid(count=0), "count must be from 1 to 10000; got 0"),
        (lambda: Checkpoint(keep=0), "keep must be at least 1"),
        (lambda: Log(every=0), "every must be at least 1; got 0"),
    ],
)
def test_wrong_arguments_get_a_sentence(make, sentence):
    with pytest.raises(ValueError, match=sentence):
        make()
