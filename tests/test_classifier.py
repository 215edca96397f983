"""The data set's own classifier: extractor, file, recipe, anchors, command."""

import hashlib
import json

import keras
import numpy as np
import pytest
from click.testing import CliRunner

from kgan import classifier as classifiers
from kgan.classifier import Classifier, anchors, places, training
from kgan.classifier import network as networks
from kgan.classifier.extractor import BLOCK, digest
from kgan.classifier.summary import table
from kgan.cli import main
from kgan.datasets import NPZ, FashionMNIST, ImageFolder, RingOfGaussians, Showers
from kgan.datasets.in_memory import InMemory
from kgan.images import write_png
from kgan.metrics import frechet_distance
from kgan.precision import policy

STEPS = 3


def stripes(count, seed=0, shape=(12, 12, 1)):
    """uint8 images of vertical (0) or horizontal (1) stripes in noise, and labels."""
    generator = np.random.default_rng(seed)
    labels = generator.integers(0, 2, count)
    rows, columns = np.indices(shape[:2])
    patterns = np.stack([columns % 4 < 2, rows % 4 < 2]).astype(np.float64)
    images = 64 + 128 * patterns[labels][..., None] + generator.normal(0, 16, [count, *shape])
    return np.clip(images, 0, 255).astype(np.uint8), labels


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    path = tmp_path_factory.mktemp("stripes") / "stripes.npz"
    images, labels = stripes(400)
    np.savez(path, images=images, labels=labels)
    return NPZ(path, labels="labels")


@pytest.fixture(scope="module")
def trained(dataset):
    return training._train(dataset, None, 0, lambda line: None, STEPS)


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.delenv("KGAN_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache/kgan/classifiers"


def test_it_learns_what_can_be_learnt(dataset):
    lines = []
    found = training._train(dataset, None, 1, lines.append, 40)
    assert found.accuracy == 1.0
    # 40 steps of 128 are 20 epochs of the 360 that are not held out, each of 2 full batches.
    assert [line.split()[1] for line in lines[:-1]] == [f"{number}/20" for number in range(1, 21)]
    assert lines[-2].endswith("eta 0:00:00") and float(lines[0].split()[3]) > float(lines[-2].split()[3])
    assert found.record["splits"] == {"train": 360, "test": 40, "held_out": "one in 10 of the training set"}


def test_the_same_seed_gives_the_same_weights_under_any_policy(dataset, trained):
    keras.utils.set_random_seed(5)
    with policy("mixed_bfloat16"):
        again = training._train(dataset, None, 0, lambda line: None, STEPS)
    assert again.sha256 == trained.sha256 and again.anchors == trained.anchors
    assert {weight.dtype for weight in again.network.weights} == {"float32"}
    other = training._train(dataset, None, 1, lambda line: None, STEPS)
    assert other.sha256 != trained.sha256


def test_the_held_out_images_are_fixed_and_not_trained_on(dataset, monkeypatch):
    seen = set()
    batch = training._Examples.batch

    def watched(self, places):
        if len(places) == training.BATCH:
            seen.update(self._indices[places].tolist())
        return batch(self, places)

    monkeypatch.setattr(training._Examples, "batch", watched)
    monkeypatch.setattr(training, "measure", lambda *arguments: [])
    training._train(dataset, None, 3, lambda line: None, STEPS)
    held_out = set(np.random.default_rng(0).permutation(400)[:40].tolist())
    assert len(seen) == 360 and not seen & held_out


def test_features_and_logits_do_not_depend_on_the_batch(trained):
    images, _ = stripes(BLOCK + 9, seed=2)
    everything = trained(images)
    order = np.random.default_rng(1).permutation(len(images))
    for name, width in (("features", 128), ("logits", 2)):
        assert everything[name].shape == (len(images), width) and everything[name].dtype == np.float32
        np.testing.assert_array_equal(trained(images[:1])[name], everything[name][:1])
        np.testing.assert_array_equal(trained(images[5:40])[name], everything[name][5:40])
        np.testing.assert_array_equal(trained(images[order])[name], everything[name][order])


def test_features_are_what_the_logits_are_made_of(trained):
    images, _ = stripes(10, seed=2)
    outputs = trained(images)
    kernel, bias = (networks.arrays(trained.network)[f"logits/{part}"] for part in ("kernel", "bias"))
    np.testing.assert_allclose(outputs["features"] @ kernel + bias, outputs["logits"], rtol=1e-4, atol=1e-4)
    assert (outputs["features"] >= 0).all()


def test_a_record_of_the_extractor_has_the_keys_of_inceptions(trained):
    assert trained.extractor == {
        "id": f"npz-cnn@{trained.sha256[:8]}",
        "weights_sha256": digest(networks.arrays(trained.network)),
        "input_resize": "none",
        "input_scale": "x/127.5-1",
        "dtype": "float32",
        "tf32": False,
    }
    assert trained.verified is False and trained.class_names == ("0", "1") and trained.shape == (12, 12, 1)


def test_what_was_saved_is_what_is_loaded(trained, tmp_path):
    trained.save(tmp_path / "a.npz")
    with policy("mixed_bfloat16"):
        loaded = Classifier.load(tmp_path / "a.npz")
    images, _ = stripes(70, seed=3)
    np.testing.assert_array_equal(loaded(images)["features"], trained(images)["features"])
    assert loaded.extractor == trained.extractor and loaded.accuracy == trained.accuracy
    assert loaded.anchors == trained.anchors and loaded.class_names == trained.class_names
    assert [path.name for path in tmp_path.iterdir()] == ["a.npz"]


def test_the_digest_is_of_the_weights_not_of_the_file(trained, tmp_path):
    trained.save(tmp_path / "a.npz")
    with np.load(tmp_path / "a.npz") as archive:
        contents = dict(archive)
    np.savez_compressed(tmp_path / "b.npz", **dict(reversed(contents.items())))
    assert (tmp_path / "a.npz").read_bytes() != (tmp_path / "b.npz").read_bytes()
    assert Classifier.load(tmp_path / "b.npz").sha256 == trained.sha256


@pytest.fixture
def file(trained, tmp_path):
    """A saved classifier, and how to write it again with other contents."""
    trained.save(tmp_path / "a.npz")
    with np.load(tmp_path / "a.npz") as archive:
        contents = dict(archive)

    def rewrite(**changes):
        np.savez(tmp_path / "a.npz", **{k: v for k, v in (contents | changes).items() if v is not None})
        return tmp_path / "a.npz"

    rewrite.record = json.loads(str(contents["record"]))
    return rewrite


def refused(path):
    with pytest.raises(ValueError) as error:
        Classifier.load(path)
    assert "\n" not in str(error.value) and str(path) in str(error.value)
    assert str(error.value).endswith("remove it, and make it anew with `kgan classifier DATASET`.")
    return str(error.value)


def test_a_changed_weight_is_noticed(file):
    kernel = np.load(file())["weights/logits/kernel"]
    kernel[0, 0] += 1e-6
    assert "another digest" in refused(file(**{"weights/logits/kernel": kernel}))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"weights/logits/bias": np.zeros(3, np.float32)}, "logits/bias is float32 [3]"),
        ({"weights/logits/bias": np.zeros(2, np.float64)}, "logits/bias is float64 [2]"),
        ({"weights/logits/bias": None}, "logits/bias is missing"),
        ({"weights/more": np.zeros(2)}, "more is unknown"),
        ({"record": None}, "no classifier of this version"),
        ({"record": "{"}, "damaged or no classifier"),
        ({"record": "[]"}, "no classifier of this version"),
        ({"record": '{"kind": "kgan classifier 1"}'}, "not the classifier that it says"),
        ({"record": np.array([{}], dtype=object)}, "another kind of file"),
    ],
)
def test_other_contents_are_refused(file, changes, message):
    assert message in refused(file(**changes))


def test_damaged_and_foreign_files_are_refused(file, tmp_path):
    path = file()
    whole = path.read_bytes()
    for damaged in (b"", b"PK", whole[: len(whole) // 2], b"\x80\x04" + whole[2:]):
        path.write_bytes(damaged)
        refused(path)
    for place in (len(whole) // 3, len(whole) // 2):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        refused(path)
    np.save(tmp_path / "array.npy", np.zeros(3))
    refused(tmp_path / "array.npy")
    with pytest.raises(FileNotFoundError, match="is no file; `kgan classifier DATASET` makes"):
        Classifier.load(tmp_path / "absent.npz")


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (np.zeros([2, 12, 12, 1], np.float32), "uint8 images in .0, 255.; got float32"),
        (np.zeros([2, 12, 13, 1], np.uint8), r"\[N, 12, 12, 1\].*got the shape \[2, 12, 13, 1\]"),
        (np.zeros([12, 12, 1], np.uint8), r"got the shape \[12, 12, 1\]"),
        (np.zeros([0, 12, 12, 1], np.uint8), "one image or more"),
    ],
)
def test_other_images_are_refused(trained, images, message):
    with pytest.raises(ValueError, match=message):
        trained(images)


def test_what_cannot_be_classified_is_refused(tmp_path, cache):
    write_png(tmp_path / "flat/a.png", np.zeros([8, 8, 3], np.uint8))
    write_png(tmp_path / "one/only/a.png", np.zeros([8, 8, 3], np.uint8))
    write_png(tmp_path / "few/a/a.png", np.zeros([8, 8, 3], np.uint8))
    write_png(tmp_path / "few/b/a.png", np.zeros([8, 8, 3], np.uint8))
    for unfit, message in (
        (RingOfGaussians(size=64), "RingOfGaussians holds vectors of 2 numbers"),
        (Showers(size=8), "Showers has no class labels"),
        (ImageFolder(tmp_path / "flat"), "ImageFolder has no class labels"),
        (ImageFolder(tmp_path / "one"), "one class only, 'only'"),
        (ImageFolder(tmp_path / "few"), "ImageFolder has 2 images only; a classifier needs 150"),
    ):
        with pytest.raises(ValueError, match=message):
            classifiers.train(unfit, say=lambda line: None)


@pytest.mark.parametrize("shape", [(8, 8, 1), (28, 28, 1), (32, 32, 3), (33, 47, 4), (64, 64, 3), (1, 5, 3)])
def test_networks_for_every_shape(shape):
    network = networks.build(shape, 5)
    outputs = network(np.zeros([2, *shape], np.float32))
    assert outputs["features"].shape == (2, 128)
    assert outputs["logits"].shape == (2, 5)


def test_images_in_floats_are_quantised_as_samples_are(tmp_path):
    images, labels = stripes(20)
    floats = np.clip(images / np.float32(127.5) - 1 + np.float32(1e-3), -1, 1).astype(np.float32)
    np.savez(tmp_path / "f.npz", images=floats, labels=labels)
    found, _ = training._Examples(NPZ(tmp_path / "f.npz", labels="labels")).batch(np.arange(20))
    np.testing.assert_array_equal(found, images)


def test_shifts_move_each_image_as_a_whole():
    images = np.zeros([64, 9, 9, 1], np.uint8)
    images[:, 4, 4] = 1
    moved = training._shifted(images, [0, 1]).numpy()
    places = np.argwhere(moved)
    assert (moved.sum(axis=(1, 2, 3)) == 1).all() and np.abs(places[:, 1:3] - 4).max() == training.SHIFT
    assert len({tuple(place) for place in places[:, 1:3]}) > 15
    np.testing.assert_array_equal(training._shifted(np.full([2, 9, 9, 1], 7, np.uint8), [0, 1]), 7)


def test_anchors_are_what_their_names_say(dataset, trained):
    rows = {row["name"]: row for row in trained.anchors}
    assert list(rows) == [
        "train", "test", "test, noise 4", "test, noise 16", "test, noise 64",
        "test, blur 0.5", "test, blur 1", "test, blur 2", "train without 0", "train without 1",
    ]  # fmt: skip
    assert rows["train"]["n"] == rows["train"]["n_ref"] == 180 and rows["test"]["n"] == 40
    order = np.random.default_rng(0).permutation(400)[40:]
    halves = np.random.default_rng(0).permutation(360)
    images, labels = dataset.batch(order[halves])
    features = trained(images)["features"]
    assert rows["train"]["value"] == pytest.approx(frechet_distance(features[:180], features[180:]), rel=1e-9)
    left = features[180:][labels[180:] != 1]
    assert rows["train without 1"]["n"] == len(left)
    assert rows["train without 1"]["value"] == pytest.approx(frechet_distance(features[:180], left), rel=1e-9)


def test_noise_and_blur_have_their_levels():
    grey = np.full([4, 40, 40, 3], 128, np.uint8)
    noisy = anchors.noise(grey, 16, np.random.default_rng(0)).astype(float)
    assert noisy.std() == pytest.approx(16, rel=0.03) and noisy.mean() == pytest.approx(128, abs=0.5)
    assert anchors.noise(np.full([2, 9, 9, 1], 250, np.uint8), 64, np.random.default_rng(0)).max() == 255
    point = np.zeros([1, 21, 21, 1], np.uint8)
    point[0, 10, 10] = 255
    # A Gaussian's density at its centre is 1 / (2 pi s^2).
    assert anchors.blur(point, 2.0).max() == round(255 / (2 * np.pi * 4))


def test_the_table_shows_the_extremes_of_many_missing_classes():
    rows = [{"name": f"train without {n}", "value": float(n), "n": 8, "n_ref": 9} for n in range(7)]
    lines = table([{"name": "train", "value": 0.5, "n": 10, "n_ref": 9}, *rows], "x-cnn@0", dim=9).splitlines()
    assert [line.split()[:3] for line in lines[3:6]] == [["train", "without", str(n)] for n in (0, 3, 6)]
    assert len(lines) == 7 and lines[6].startswith("Of 7 missing classes")
    assert [line.endswith("(rank-deficient: n < d)") for line in lines[2:6]] == [False, True, True, True]


def test_the_place_of_a_classifier(cache, dataset, tmp_path, monkeypatch):
    fashion = classifiers.place(FashionMNIST())
    assert fashion == cache / "fashion_mnist.npz" == classifiers.place(FashionMNIST(split="test"))
    paths = {fashion, classifiers.place(dataset)}
    for name in ("one", "two"):
        for label in "ab":
            write_png(tmp_path / name / label / "a.png", np.zeros([8, 8, 3], np.uint8))
        paths.add(classifiers.place(ImageFolder(tmp_path / name)))
    monkeypatch.chdir(tmp_path)
    paths.add(classifiers.place(ImageFolder("one")))  # the same, said from here
    paths.add(classifiers.place(ImageFolder("one", image_shape=[4, 4, 3])))
    assert len(paths) == 5
    monkeypatch.setenv("KGAN_DATA", str(tmp_path / "data"))
    assert classifiers.place(FashionMNIST()) == tmp_path / "data/classifiers/fashion_mnist.npz"


def test_find(cache, trained, dataset, tmp_path, monkeypatch):
    with pytest.raises(FileNotFoundError, match="make it with: kgan classifier FashionMNIST$"):
        classifiers.find(FashionMNIST(split="test"))
    with pytest.raises(
        FileNotFoundError, match=r"kgan classifier '\{\"NPZ\": \{\"path\": .*\"labels\": \"labels\"\}\}'$"
    ):
        classifiers.find(dataset)
    trained.save(classifiers.place(dataset))
    monkeypatch.setenv("KGAN_DATA", str(tmp_path / "data"))  # the cache is looked at all the same
    assert classifiers.find(dataset).parent == cache
    trained.save(classifiers.place(dataset))
    assert classifiers.find(dataset).parent == tmp_path / "data/classifiers"


def test_splits(dataset):
    train, test = classifiers.splits(FashionMNIST(split="test"))
    assert (train.split, len(train), test.split, len(test)) == ("train", 60_000, "test", 10_000)
    assert classifiers.splits(dataset) == (dataset, None)


class Split(InMemory):
    """A set that has some splits, and says of others what TFDS says."""

    splits = ("train", "validation")

    def __init__(self, split: str = "train"):
        self.split, self.class_names = split, ("a", "b")
        if split not in self.splits:
            raise ValueError(f"x has no split {split!r}; expected one of train, validation.")
        self.hold(np.zeros([160, 8, 8, 1], np.uint8), np.zeros([160], np.int32))


def test_splits_that_are_not_there(monkeypatch):
    train, test = classifiers.splits(Split("validation"))
    assert (train.split, test) == ("train", None)
    monkeypatch.setattr(Split, "splits", ("validation", "test"))
    train, test = classifiers.splits(Split("validation"))
    assert (train.split, test.split) == ("validation", "test")

    def damaged(self, *data):
        raise ValueError("the test split is damaged")

    monkeypatch.setattr(Split, "hold", damaged)
    with pytest.raises(ValueError, match="the test split is damaged"):  # that is not passed over
        classifiers.splits(train)


def kgan(*arguments):
    return CliRunner().invoke(main, ["classifier", *arguments], catch_exceptions=False)


def test_the_command(cache, dataset, tmp_path, monkeypatch):
    steps = training.FEWEST_STEPS, training.EPOCHS
    monkeypatch.setattr(training, "FEWEST_STEPS", STEPS)
    monkeypatch.setattr(training, "EPOCHS", 1)
    assert min(steps) > 1
    text = f"NPZ: {{path: {dataset.path}, labels: labels}}"
    first = kgan(text)
    assert first.exit_code == 0 and not first.stderr
    found = Classifier.load(classifiers.find(dataset))
    lines = first.stdout.splitlines()
    assert lines[0].startswith("epoch 1/2  loss ")
    assert lines[3] == f"{found.extractor['id']}: 2 classes of 12x12x1"
    assert lines[4] == f"accuracy: {found.accuracy:.4f} on 40 images (one in 10 of the training set)"
    assert lines[6:8] == [f"weights: SHA-256 {found.sha256}", f"file: {classifiers.find(dataset)}"]
    assert lines[9] == f"FD-{found.extractor['id']}, training images against" and len(lines) == 21
    # The second time it tells what it has; so it does for a recipe and a run folder that has this data set.
    again = kgan(text)
    assert again.stdout.splitlines() == lines[3:]
    recipe = (
        f"steps: 2\nbatch_size: 8\ndataset: {{{text}}}\ngenerator: {{DCGANGenerator: {{latent_dim: 4}}}}\n"
        "discriminator: {DCGANDiscriminator: {}}\nobjective: {WGANGP: {}}\n"
        "optimizers: {generator: {Adam: {}}, discriminator: {Adam: {}}}\n"
    )
    (tmp_path / "run").mkdir()
    (tmp_path / "run/recipe.yaml").write_text(recipe)
    assert kgan(str(tmp_path / "run/recipe.yaml")).stdout == kgan(str(tmp_path / "run")).stdout == again.stdout
    other = tmp_path / "other.npz"
    assert kgan(text, "--out", str(other)).exit_code == 0 and Classifier.load(other).sha256 == found.sha256
    assert "name another file" in mistake("FashionMNIST", "--out", str(other))


def mistake(*arguments):
    result = kgan(*arguments)
    assert result.exit_code == 2 and result.stderr.count("\n") == 1 and not result.stdout
    return result.stderr


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        ("FashionMINST", "did you mean 'FashionMNIST'"),
        ("fashionmnist", "expected one object, like {ClassName: {argument: value}}"),
        ("recipes/none.yaml", "recipes/none.yaml does not exist"),
        ("none/run", "none/run does not exist"),
        ("FashionMNIST: {splt: test}", "did you mean 'split'"),
        ("{ImageFolder: {path: /nowhere/at/all}}", "/nowhere/at/all does not exist"),
        ("NPZ: {path: [", "not valid YAML"),
        ("RingOfGaussians", "holds vectors of 2 numbers; a classifier needs images"),
        ("Showers: {size: 8}", "has no class labels"),
    ],
)
def test_mistakes_are_answered_in_one_line(cache, argument, message):
    assert message in mistake(argument)
    assert not cache.exists()


def test_a_damaged_classifier_is_told(cache, dataset):
    cache.mkdir(parents=True)
    classifiers.place(dataset).write_bytes(b"PK")
    assert "is damaged or no classifier" in mistake(f"NPZ: {{path: {dataset.path}, labels: labels}}")


def test_an_interrupted_training_leaves_nothing(cache, dataset, monkeypatch):
    def interrupted(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(training, "_descend", interrupted)
    result = kgan(f"NPZ: {{path: {dataset.path}, labels: labels}}")
    assert result.exit_code == 130 and list(cache.iterdir()) == []


def test_an_argument_that_came_later_does_not_lose_a_classifier(tmp_path):
    path = str(tmp_path / "f.npz")
    np.savez(path, images=np.full([4, 8, 8], 0.5, np.float32), labels=np.arange(4))
    before = {"NPZ": {"path": path, "images": "images", "labels": "labels"}}
    assert places.described(NPZ(path, labels="labels")) == before
    assert places.stem(NPZ(path, labels="labels")) == (
        f"npz-{hashlib.sha256(json.dumps(before, sort_keys=True).encode()).hexdigest()[:8]}"
    )
    assert places.described(NPZ(path, labels="labels", range=[0, 1]))["NPZ"]["range"] == [0.0, 1.0]
