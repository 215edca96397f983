"""What is gathered is what there is, whatever the blocks; the cache holds it, and nothing that is damaged."""

import os

import numpy as np
import pytest

from kgan.evaluation import gathering, sources
from kgan.evaluation.gathering import digest, gather, gather_reference
from kgan.evaluation.sources import Generated, Real
from kgan.metrics import FeatureStatistics, frechet_distance
from tests.evaluation.doubles import Projection, game, npz


@pytest.fixture(autouse=True)
def cached(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "kgan" / "references"


def test_statistics_of_all_and_the_first_rows(tmp_path, monkeypatch):
    monkeypatch.setattr(sources, "BLOCK", 32)
    data, extractor = npz(tmp_path), Projection()
    found = gather(Real(data), {"statistics": 120, "features": 50, "images": 70}, extractor)
    images = np.concatenate(list(Real(data).images(120)))
    features = extractor(images)["features"]
    assert found.count == 120 and found.statistics.count == 120
    np.testing.assert_array_equal(found.kept["features"], features[:50])
    np.testing.assert_array_equal(found.kept["images"], images[:70])
    assert frechet_distance(found.statistics, FeatureStatistics.of(features)) < 1e-12
    # A set is read in an order of its own, each example once.
    assert sorted(map(bytes, images)) == sorted(map(bytes, data.batch(np.arange(120)).images))
    assert not np.array_equal(images, data.batch(np.arange(120)).images)


def test_statistics_of_fewer_than_are_seen(tmp_path):
    found = gather(Real(npz(tmp_path)), {"statistics": 40, "features": 120}, Projection())
    assert found.statistics.count == 40 and len(found.kept["features"]) == 120
    assert frechet_distance(found.statistics, found.kept["features"][:40]) < 1e-12


def test_samples_do_not_depend_on_how_many_are_drawn(tmp_path):
    fake = Generated(game())
    few, many = (np.concatenate(list(fake.images(count))) for count in (7, 300))
    assert few.dtype == np.uint8 and len(many) == 300
    assert np.abs(few.astype(int) - many[:7]).max() <= 1  # rounding of another batch size


def test_a_reference_is_extracted_once(tmp_path, cached):
    data, extractor = npz(tmp_path), Projection()
    wanted = {"statistics": 120, "features": 60, "logits": 10}
    first, content = gather_reference(Real(data), wanted, extractor)
    assert extractor.seen == 120
    second, again = gather_reference(Real(data), wanted, extractor)
    assert extractor.seen == 120 and content == again
    for one, other in zip(first.statistics.arrays().values(), second.statistics.arrays().values(), strict=True):
        np.testing.assert_array_equal(one, other)
    np.testing.assert_array_equal(first.kept["features"], second.kept["features"])
    assert first.skewness == second.skewness
    assert [path.suffix for path in cached.iterdir()] == [".npz"]


def test_what_the_cache_is_known_by(tmp_path, cached):
    """Content, sizes, extractor: each of them makes another entry, the place of the images does not."""
    wanted, extractor = {"statistics": 120}, Projection()
    gather_reference(Real(npz(tmp_path)), wanted, extractor)
    gather_reference(Real(npz(tmp_path, name="moved.npz")), wanted, extractor)
    assert extractor.seen == 120
    gather_reference(Real(npz(tmp_path, seed=1)), wanted, extractor)
    gather_reference(Real(npz(tmp_path)), {"statistics": 60}, extractor)
    gather_reference(Real(npz(tmp_path)), wanted, Projection(resize="pil-bicubic-299"))
    assert len(list(cached.iterdir())) == 4


@pytest.mark.parametrize("damage", [b"", b"PK\x03\x04 no archive", None])
def test_a_damaged_entry_is_made_again(tmp_path, cached, damage):
    data, wanted = npz(tmp_path), {"statistics": 120}
    before, _ = gather_reference(Real(data), wanted, Projection())
    (path,) = cached.iterdir()
    path.write_bytes(path.read_bytes()[:-200] if damage is None else damage)
    extractor = Projection()
    after, _ = gather_reference(Real(data), wanted, extractor)
    assert extractor.seen == 120 and frechet_distance(before.statistics, after.statistics) < 1e-12
    assert gather_reference(Real(data), wanted, extractor) and extractor.seen == 120


def test_an_interrupted_extraction_leaves_nothing(tmp_path, cached):
    class Interrupted(Projection):
        def __call__(self, images):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        gather_reference(Real(npz(tmp_path)), {"statistics": 120}, Interrupted())
    assert not cached.exists()


def test_an_interrupted_write_leaves_nothing(tmp_path, cached, monkeypatch):
    def interrupted(descriptor):
        raise KeyboardInterrupt

    monkeypatch.setattr("os.fsync", interrupted)  # the file is written, and has not taken its place
    with pytest.raises(KeyboardInterrupt):
        gather_reference(Real(npz(tmp_path)), {"statistics": 120}, Projection())
    assert list(cached.iterdir()) == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_cache_that_cannot_be_written(tmp_path, cached):
    cached.parent.mkdir(parents=True)
    cached.parent.chmod(0o500)
    with pytest.warns(UserWarning, match="could not be kept"):
        gather_reference(Real(npz(tmp_path)), {"statistics": 120}, Projection())


def test_the_cache_may_be_no_folder(tmp_path, cached):
    cached.parent.mkdir(parents=True)
    cached.write_text("a file")
    with pytest.warns(UserWarning, match="could not be kept"):
        found, _ = gather_reference(Real(npz(tmp_path)), {"statistics": 120}, Projection())
    assert found.count == 120


def test_digest():
    rows = np.arange(12, dtype=np.uint8).reshape(6, 2)
    assert digest([rows]) == digest([rows[:4], rows[4:]]) != digest([rows[::-1]])
    assert digest([rows]) != digest([rows.astype(np.int16)]) and digest([rows]) != digest([rows.reshape(4, 3)])


def test_skewness_tells_gaussian_features_from_others():
    random = np.random.default_rng(0)
    assert gathering._skewness(random.normal(size=(4000, 5)).astype(np.float32)) < 0.1
    # An exponential distribution has skewness 2; a constant feature has none.
    rows = np.concatenate([random.exponential(size=(20000, 5)), np.ones([20000, 1])], axis=1)
    assert abs(gathering._skewness(rows) - 2) < 0.2
    assert gathering._skewness(np.ones([10, 3])) == 0
    constant = np.full([20000, 1], 0.1, np.float32)
    assert constant.std() > 0  # the mean of equal numbers, rounded, is another one
    assert gathering._skewness(constant) == 0
    assert gathering._skewness(np.concatenate([rows, constant], axis=1)) == gathering._skewness(rows)


@pytest.mark.parametrize("terminal", [True, False])
def test_what_takes_long_says_how_far_it_is(terminal, monkeypatch, capsys):
    now = iter(range(0, 10_000, 10))
    monkeypatch.setattr(gathering.time, "monotonic", lambda: next(now))
    monkeypatch.setattr("sys.stderr.isatty", lambda: terminal, raising=False)
    with gathering.progress(1000, "reference") as advance:
        for _ in range(10):
            advance(100)
    shown = capsys.readouterr().err
    assert "reference" in shown
    if not terminal:
        assert "reference: 400 of 1,000 images, 60 s left" in shown


def test_what_is_over_at_once_shows_nothing(capsys):
    with gathering.progress(100, "reference") as advance:
        advance(100)
    assert capsys.readouterr().err == ""
