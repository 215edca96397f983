"""What examples are: stored, drawn, compared, and asked for by every tool."""

import numpy as np
import pytest
from PIL import Image

import kgan
from kgan import kinds


@pytest.mark.parametrize(
    ("shape", "kind"), [((8, 8, 1), kinds.Pictures), ((2,), kinds.Vectors), ((16, 3), kinds.Series)]
)
def test_the_usual_kind_is_that_of_data_sets_and_games(shape, kind):
    assert type(kinds.usual(shape)) is kind
    gan = kgan.StandardGAN(
        kgan.architectures.MLPGenerator(shape, latent_dim=2, units=(4,)),
        kgan.architectures.MLPDiscriminator(shape, units=(4,)),
    )
    assert type(gan.kind) is kind
    assert type(kgan.StandardGAN.from_config(gan.get_config()).kind) is kind


@pytest.mark.parametrize("kind", [kinds.Pictures(), kinds.Vectors(), kinds.Series()])
def test_what_is_stored_is_seen_again(kind):
    shape = {kinds.Pictures: (6, 6, 3), kinds.Vectors: (2,), kinds.Series: (20, 2)}[type(kind)]
    values = np.random.default_rng(0).uniform(-1, 1, [5, *shape]).astype("float32")
    stored = kind.stored(values)
    assert stored.dtype == (np.uint8 if kind.bounded else np.float32)
    np.testing.assert_allclose(kind.seen(stored), values, atol=1 / 127 if kind.bounded else 0)
    np.testing.assert_array_equal(np.asarray(kind.stored_in_graph(values)), stored)
    assert kind.tolerance(stored) > 0


@pytest.mark.parametrize("kind", [kinds.Pictures(), kinds.Vectors(), kinds.Series()])
def test_a_picture_is_drawn_of_all(kind, tmp_path):
    shape = {kinds.Pictures: (8, 8, 1), kinds.Vectors: (3,), kinds.Series: (20, 2)}[type(kind)]
    count, labels, columns = kind.layout(6, [0, 1, 2])
    assert len(labels) == count
    samples = kind.stored(np.random.default_rng(0).uniform(-1, 1, [count, *shape]))
    kind.draw(tmp_path / "all.png", samples, columns)
    with Image.open(tmp_path / "all.png") as picture:
        assert len(np.unique(np.asarray(picture))) > 2


def test_only_pictures_are_written_one_by_one(tmp_path):
    kinds.Pictures().write_each(tmp_path, ["a.png"], np.zeros([1, 8, 8, 1], np.uint8))
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]
    with pytest.raises(ValueError, match="Series are no pictures"):
        kinds.Series().write_each(tmp_path, ["b.png"], np.zeros([1, 8, 1]))


def test_series_are_made_and_saved(tmp_path):
    gan = kgan.StandardGAN(
        kgan.architectures.MLPGenerator((16, 1), latent_dim=2, units=(4,)),
        kgan.architectures.MLPDiscriminator((16, 1), units=(4,)),
    )
    made = gan.sample(3)
    assert made.shape == (3, 16, 1) and made.dtype == np.float32
    gan.save(tmp_path / "gan.keras")
    loaded = kgan.load(tmp_path / "gan.keras")
    assert type(loaded.kind) is kinds.Series
    np.testing.assert_array_equal(loaded.sample(3), made)
    served = kgan.load(gan.export(tmp_path / "served"))
    assert type(served.kind) is kinds.Series
    np.testing.assert_allclose(served.sample(3), made, atol=1e-5)
