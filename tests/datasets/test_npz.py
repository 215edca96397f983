"""Arrays from files: what is accepted, and what is said about the rest."""

import numpy as np
import pytest

import kgan
from kgan import recipe
from kgan.datasets import NPZ

GREY = np.zeros([4, 6, 5], np.uint8)
VECTORS = np.linspace(-1, 1, 12, dtype=np.float32).reshape([4, 3])


def save(folder, **arrays):
    np.savez(folder / "set.npz", **arrays)
    return folder / "set.npz"


@pytest.mark.parametrize(
    ("images", "shape", "dtype"),
    [
        (GREY, (6, 5, 1), np.uint8),
        (np.zeros([4, 6, 5, 3], np.uint8), (6, 5, 3), np.uint8),
        (np.zeros([4, 6, 5], np.float32), (6, 5, 1), np.float32),
        (np.zeros([4, 6, 5, 2], np.float32), (6, 5, 2), np.float32),
        (VECTORS, (3,), np.float32),
        (VECTORS.astype(">f4"), (3,), np.float32),
    ],
)
def test_shapes_and_types(tmp_path, images, shape, dtype):
    dataset = NPZ(save(tmp_path, images=images))
    assert dataset.data_shape == shape
    assert dataset.batch([0, 3]).images.dtype == dtype
    assert dataset.batch([0]).labels is None
    assert len(dataset) == 4


def test_a_single_array(tmp_path):
    np.save(tmp_path / "set.npy", GREY)
    assert NPZ(tmp_path / "set.npy").image_shape == (6, 5, 1)
    with pytest.raises(ValueError, match="one array, without labels"):
        NPZ(tmp_path / "set.npy", labels="labels")


def test_classes(tmp_path):
    dataset = NPZ(save(tmp_path, x=GREY, y=np.array([2, 0, 0, 1], np.uint8)), images="x", labels="y")
    assert dataset.class_names == ("0", "1", "2")
    assert dataset.batch([0]).labels.tolist() == [2]


def test_conditions(tmp_path):
    dataset = NPZ(save(tmp_path, images=GREY, energy=VECTORS[:, :1]), labels="energy")
    assert dataset.conditions == {"energy_0": (-1.0, pytest.approx(VECTORS[3, 0]))}


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (np.zeros([4, 5], np.uint8), r"shape \[4, 5\]; expected uint8 pixels"),
        (np.zeros([4, 3, 6, 5], np.uint8), "channels last"),
        (np.zeros([0, 6, 5], np.uint8), "it is empty"),
        (np.zeros([4, 6, 5], np.float64), "is float64; expected uint8 pixels"),
        (np.zeros([4, 6, 5], np.int64), "is int64"),
        (np.zeros([4], np.float32), r"shape \[4\]; expected \[N, d\]"),
        (
            VECTORS * 255,
            r"values from -255 to 255; expected finite numbers in \[-1, 1\]: say `range: \[lowest, highest",
        ),
        (
            (VECTORS + 1) * 127.5,
            r"values from 0 to 255; expected .*: say `range: \[0, 255\]`, as in .*, or scale them yourself",
        ),
        (
            (VECTORS + 1) * 5000,
            r"values from 0 to 10000; expected .*, as wide as all of your data may be.*log1p or asinh",
        ),
        (np.where(VECTORS > 0, np.float32(np.inf), VECTORS), "mend or remove those that are infinite"),
        (VECTORS * np.float32(np.nan), "has values that are NaN"),
    ],
)
def test_wrong_images(tmp_path, images, message):
    with pytest.raises(ValueError, match=message):
        NPZ(save(tmp_path, images=images))


@pytest.mark.parametrize("bounds", [(0, 1), (0, 255), (-3.7, 11.1), (1e6, 1000001.25), (-1e38, 3e38), (0.1, 0.3)])
@pytest.mark.parametrize("shape", [[3, 4], [3, 2, 2, 1]])
def test_the_range_goes_to_the_networks_and_back(tmp_path, bounds, shape):
    """-1 and 1 exactly at the ends, linear between them, and the same numbers again."""
    numbers = np.linspace(*np.float32(bounds).astype(float), 12).astype(np.float32).reshape(shape)
    dataset = NPZ(save(tmp_path, images=numbers), range=list(bounds))
    assert dataset.get_config()["range"] == list(bounds) and dataset.range == bounds
    stored = dataset.batch(np.arange(3)).images
    np.testing.assert_array_equal(stored, numbers)
    seen = dataset.encode(stored)
    assert seen.dtype == np.float32 and seen.min() == seen.flat[0] == -1 and seen.max() == seen.flat[-1] == 1
    lowest, highest = np.float32(bounds).astype(float)
    np.testing.assert_allclose(seen, (numbers - lowest) / (highest - lowest) * 2 - 1, atol=2e-7)
    back = dataset.decode(seen)
    assert back.dtype == np.float32 and back.flat[0] == np.float32(lowest) and back.flat[-1] == np.float32(highest)
    np.testing.assert_allclose(back, numbers, rtol=0, atol=1e-7 * (highest - lowest))


def test_without_a_range_nothing_is_scaled(tmp_path):
    tiny = np.array([[-1, -1e-30, 0, 1e-38, 1]], np.float32)
    for given in ({}, {"range": None}, {"range": [-1, 1]}):
        dataset = NPZ(save(tmp_path, images=tiny), **given)
        np.testing.assert_array_equal(dataset.encode(tiny), tiny)
        np.testing.assert_array_equal(dataset.decode(tiny), tiny)
        np.testing.assert_array_equal(dataset.example(1), tiny)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ([1, 0], "the lowest below the highest"),
        ([1, 1], "the lowest below the highest"),
        ([1e9, 1e9 + 1], "the lowest below the highest"),  # float32 has the same number for both
        ([0, np.inf], "finite number"),
        ([np.nan, 1], "finite number"),
        ([0, 1e39], "expected a number from"),
        ([0, True], "finite number"),
        (["0", "1"], "finite number"),
        ([0], r"expected \[lowest, highest\] of the stored numbers"),
        (1.0, r"expected \[lowest, highest\] of the stored numbers"),
        ([0, 0.99], r"has values from -1 to 1; expected finite numbers in \[0, 0.99\]"),
        ([-1, 0.99], r"has values from -1 to 1; expected finite numbers in \[-1, 0.99\]"),
    ],
)
def test_wrong_ranges(tmp_path, given, message):
    with pytest.raises(ValueError, match=message):
        NPZ(save(tmp_path, images=VECTORS), range=given)


@pytest.mark.parametrize(
    ("lowest", "highest", "given", "cure"), [(0, 1, [0, 0.5], "[0, 1]"), (-1, 0.5, [0, 1], "[-1, 1]")]
)
def test_the_cure_is_a_range_that_holds_what_was_found(tmp_path, lowest, highest, given, cure):
    path = save(tmp_path, x=np.linspace(lowest, highest, 12, dtype=np.float32).reshape([4, 3]))
    with pytest.raises(ValueError, match="expected finite numbers") as refused:
        NPZ(path, images="x", range=given)
    assert str(refused.value).endswith(
        f": say `range: {cure}`, as in 'NPZ: {{path: {path}, images: x, range: {cure}}}'."
    )


def test_numbers_that_hardly_fill_their_range_are_said_once(tmp_path):
    pixels = np.linspace(0, 1, 4 * 36, dtype=np.float32).reshape([4, 6, 6])
    path = save(tmp_path, images=pixels)
    with pytest.warns(
        UserWarning, match=r"less than a hundredth of `range: \[0, 255\]`.*Say `range: \[0, 1\]`"
    ) as said:
        NPZ(path, range=[0, 255])
    assert len(said) == 1
    NPZ(path, range=[0, 50])
    with pytest.warns(UserWarning, match="Say a range as wide as all of your data may be"):
        NPZ(save(tmp_path, images=pixels / 1000), range=[-1, 1])


def test_pixels_of_8_bits_have_their_range(tmp_path):
    pixels = np.arange(4 * 8 * 8, dtype=np.uint8).reshape([4, 8, 8])
    plain, told = NPZ(save(tmp_path, images=pixels)), NPZ(tmp_path / "set.npz", range=[0, 255])
    images = plain.batch(np.arange(4)).images
    np.testing.assert_array_equal(plain.encode(images), told.encode(images))
    np.testing.assert_array_equal(told.decode(told.encode(images)), images)
    with pytest.raises(ValueError, match=r"is uint8, and its range is \[0, 255\]; got \[0.0, 1.0\]"):
        NPZ(tmp_path / "set.npz", range=[0, 1])


@pytest.mark.parametrize(
    ("images", "cure"),
    [
        (np.linspace(0, 1, 4 * 36, dtype=np.float32).reshape([4, 6, 6]), [0, 1]),
        (np.linspace(0, 0.2, 4 * 36, dtype=np.float32).reshape([4, 6, 6, 1]), [-1, 1]),
        (np.arange(4 * 36, dtype=np.uint8).reshape([4, 6, 6]) % 2, [0, 255]),
    ],
)
def test_what_is_probably_in_another_range_is_said(tmp_path, images, cure):
    path = save(tmp_path, images=images)
    with pytest.warns(UserWarning, match=r"`range: \[0, 1\]`") as said:
        NPZ(path)
    assert len(said) == 1 and said[0].filename == __file__
    assert f"`range: {cure}`" in str(said[0].message)
    NPZ(path, range=cure)
    spelled = str(said[0].message).split("as in '")[1].split("'")[0]
    assert recipe.dataset(spelled).range in ((0, 1), (0, 255))


@pytest.mark.filterwarnings("ignore:.*is taken to lie in")
@pytest.mark.parametrize("given", [{}, {"range": (-1, 1)}, {"range": (0, 1)}])
def test_a_training_makes_no_second_remark(tmp_path, given):
    numbers = np.linspace(0, 1, 8 * 16, dtype=np.float32).reshape([8, 4, 4])
    dataset = NPZ(save(tmp_path, images=numbers), **given)
    shape = dataset.data_shape
    gan = kgan.StandardGAN(
        kgan.architectures.MLPGenerator(shape, 2, (4,)), kgan.architectures.MLPDiscriminator(shape, (4,))
    )
    gan.compile(generator_optimizer="sgd", discriminator_optimizer="sgd")
    gan.fit(dataset.batches(8, steps=1), verbose=0, shuffle=False)  # warnings are errors
    with pytest.warns(UserWarning, match="as pixels / 255 have"):
        gan.fit(numbers[..., None], verbose=0)


@pytest.mark.parametrize(
    "images",
    [
        np.linspace(0, 1, 12, dtype=np.float32).reshape([4, 3]),
        np.full([4, 6, 6], 0.5, np.float32),
        np.linspace(-0.1, 1, 4 * 36, dtype=np.float32).reshape([4, 6, 6]),
        np.zeros([4, 6, 6], np.uint8),
        np.ones([4, 6, 6], np.uint8),
        np.arange(4 * 36, dtype=np.uint8).reshape([4, 6, 6]) % 3,
    ],
)
def test_other_sets_get_no_remark(tmp_path, images):
    NPZ(save(tmp_path, images=images))


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (np.arange(3), r"shape \[3\]; expected 4 entries"),
        (np.int64(3), r"shape \[\]; expected 4 entries"),
        (np.array([0, 1, -1, 0]), "from -1 to 1; expected class numbers"),
        (np.array([0, 1, 10**9, 0]), "expected class numbers"),
        (np.zeros([4], np.float32), "expected whole class numbers"),
        (np.zeros([4, 2]), "is float64"),
        (np.array(list("abcd")), "expected whole class numbers"),
        (np.full([4, 2], np.inf, np.float32), "not finite"),
    ],
)
def test_wrong_labels(tmp_path, labels, message):
    with pytest.raises(ValueError, match=message):
        NPZ(save(tmp_path, images=GREY, labels=labels), labels="labels")


def test_wrong_files(tmp_path):
    with pytest.raises(ValueError, match="has no array `images`; it has: a, b. Name one of those."):
        NPZ(save(tmp_path, a=GREY, b=GREY))
    with pytest.raises(FileNotFoundError, match="does not exist"):
        NPZ(tmp_path / "missing.npz")
    with pytest.raises(FileNotFoundError, match="is a folder"):
        NPZ(tmp_path)
    path = save(tmp_path, images=np.array([{}], object))
    with pytest.raises(ValueError, match="objects that need pickle are never loaded"):
        NPZ(path)
    for content in (b"", b"hello", b"PK\x03\x04 no archive", path.read_bytes()[:200]):
        path.write_bytes(content)
        with pytest.raises(ValueError, match="set.npz"):
            NPZ(path)
    np.save(tmp_path / "cut.npy", GREY)
    (tmp_path / "cut.npy").write_bytes((tmp_path / "cut.npy").read_bytes()[:-9])
    with pytest.raises(ValueError, match="cut.npy cannot be read"):
        NPZ(tmp_path / "cut.npy")
    with pytest.raises(ValueError, match="images is ''"):
        NPZ(path, images="")
