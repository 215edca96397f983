"""Names, numbers and protocols: each value equals the pure function of what it says it is of."""

import numpy as np
import pytest

from kgan import metrics
from kgan.datasets import NPZ, RingOfGaussians, Showers, SwissRoll
from kgan.distances import wasserstein1
from kgan.evaluation import PROTOCOLS, SCORES, Evaluation, Generated, Real
from kgan.evaluation.protocols import choose
from tests.evaluation.doubles import Projection, game, npz


@pytest.fixture(autouse=True)
def cached(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def sets(tmp_path):
    return npz(tmp_path, count=130), npz(tmp_path, count=120, seed=1, name="fake.npz")


def scored(sets, names, extractor=None, count=120, protocol=None):
    real, fake = sets
    return Evaluation(names, real, count, extractor or Projection(), protocol)(Real(fake))


def features(dataset, count, what="features"):
    return Projection()(np.concatenate(list(Real(dataset).images(count))))[what]


def test_values_are_those_of_the_functions(sets):
    real, fake = sets
    found = {one["key"]: one for one in scored(sets, ["fid", "is", "prdc", "pr", "authpct", "swd", "ms-ssim"])}
    a, b = features(real, 130), features(fake, 120)
    assert found["fid"]["value"] == pytest.approx(metrics.frechet_distance(a, b), rel=1e-9)
    assert found["fid"]["n_gen"] == 120 and found["fid"]["n_ref"] == 130
    value, std = metrics.inception_score(features(fake, 120, "logits_unbiased"))
    assert (found["is"]["value"], found["is"]["std"]) == (value, std)
    assert found["is"]["n_ref"] == 0 and found["is"]["ref"] is None
    for key, value in metrics.precision_recall_density_coverage(a[:120], b).items():
        assert found[key]["value"] == value and (found[key]["n_gen"], found[key]["n_ref"]) == (120, 120)
    for key, value in metrics.precision_recall(a[:120], b).items():
        assert found[f"{key}_k3"]["value"] == value
    assert found["authpct"]["value"] == 100 * metrics.authenticity(a, b)
    pictures = [np.concatenate(list(Real(one).images(count))) for one, count in ((real, 130), (fake, 120))]
    assert found["swd"]["value"] == metrics.sliced_wasserstein(pictures[0][:120], pictures[1])["average"]
    assert found["swd_real"]["value"] == metrics.sliced_wasserstein(pictures[0][:65], pictures[0][65:])["average"]
    assert found["ms_ssim"]["value"] == metrics.ms_ssim(pictures[1][::2], pictures[1][1::2]).mean()


def test_kernel_distance(sets):
    real, fake = sets
    (one,) = scored(sets, ["kid"])
    value, std = metrics.kernel_distance(features(real, 130), features(fake, 120), subset_size=120)
    assert (one["value"], one["std"]) == (1000 * value, 1000 * std)
    assert one["metric"] == "KID-120 x1e3 (100x120)" and one["settings"]["subset_size"] == 120


NAMES = {
    "fid": "FID-120 (all, TF-2015 Inception)",
    "is": "IS-120 (10 splits)",
    "kid": "KID-120 x1e3 (100x120)",
}


@pytest.mark.parametrize("name", NAMES)
def test_the_reserved_names_belong_to_verified_weights(sets, name):
    (one,) = scored(sets, [name])
    assert one["metric"] == NAMES[name] and one["key"] == name
    for other in (Projection(verified=False), Projection("pil-bicubic-299"), Projection(None, verified=False)):
        (one,) = scored(sets, [name], other)
        assert one["key"] == {"fid": "fd", "is": "cs", "kid": "kd"}[name]
        assert not one["metric"].startswith(("FID", "IS-", "KID")) and one["comparable_with"] in ([], ["clean-fid"])
    (one,) = scored(sets, ["fid"], Projection("pil-bicubic-299"))
    assert one["metric"] == "Clean-FID-120 (all, TF-2015 Inception)"
    (one,) = scored(sets, ["fid"], Projection(None, verified=False))
    assert one["metric"] == "FD-small@12345678-120 (all)"


def test_too_few_for_the_dimension_is_said(sets):
    (one,) = scored(sets, ["fid"], Projection(d=200))
    assert one["metric"].endswith("(rank-deficient: n < d)") and one["settings"]["frechet"]["rank_deficient"]
    real, fake = (Projection(d=200)(np.concatenate(list(Real(d).images(len(d)))))["features"] for d in sets)
    assert one["value"] == pytest.approx(metrics.frechet_distance(real, fake), rel=1e-9)
    assert "rank" not in scored(sets, ["fid"])[0]["metric"]


def test_a_generator_twice_and_a_set_with_itself(sets):
    real, _ = sets
    evaluation = Evaluation(["fid", "is", "swd"], real, 100, Projection())
    gan = game()
    assert evaluation(Generated(gan)) == evaluation(Generated(gan)) == Evaluation(
        ["fid", "is", "swd"], real, 100, Projection()
    )(Generated(gan))  # fmt: skip
    same = {one["key"]: one["value"] for one in Evaluation(["fid", "swd"], real, 130, Projection())(Real(real))}
    assert same["fid"] < 1e-8 and same["swd"] == 0


def test_protocols(sets):
    assert set(PROTOCOLS) == {"ttur", "torch-fidelity", "mimicry", "stylegan", "clean-fid"}
    (population,) = scored(sets, ["fid"], protocol="stylegan")
    real, fake = sets
    covariances = features(real, 130), features(fake, 120)
    assert population["value"] == pytest.approx(metrics.frechet_distance(*covariances, ddof=0), rel=1e-9)
    assert population["comparable_with"] == ["StyleGAN fid50k_full"] and population["protocol"] == "stylegan"
    ordered = scored(sets, ["is"], protocol="mimicry")[0]
    logits = features(fake, 120, "logits_unbiased")
    assert ordered["value"] == metrics.inception_score(logits, shuffle_seed=None)[0]
    assert ordered["metric"] == "IS-120 (10 splits, in order)"
    assert [one["key"] for one in scored(sets, [], protocol="torch-fidelity")] == [
        "fid", "is", "kid", "precision_k3", "recall_k3",
    ]  # fmt: skip
    assert [extractor for _, _, extractor in choose([], "clean-fid")] == ["inception-clean"] * 2
    kid = scored(sets, ["kid"], protocol="mimicry")[0]
    assert kid["metric"] == "KID-120 x1e3 (10x12)"
    assert Evaluation(["fid"], real, 120, Projection(), "mimicry").groups[0][1][0].sizes(50_000, 60_000) == (
        50_000,
        50_000,
    )


def test_labels_are_drawn_from_the_data_and_pairs_stay_within_a_class(tmp_path):
    data = npz(tmp_path, labels=True)

    class Conditional:
        conditional, ema = True, 0.9

        def sample_blocks(self, count, seed, labels, size):
            self.labels = labels
            yield np.stack([np.full([16, 16, 1], 100 * label, np.uint8) for label in labels])

    model = Conditional()
    (fakes, reals) = Evaluation(["ms-ssim"], data, 60)(Generated(model, data))
    assert model.labels.shape == (60,) and 0 < model.labels.mean() < 1
    # Within a class all fakes are equal.
    assert fakes["value"] == 1 and fakes["metric"].endswith("within classes") and reals["value"] < 0.9
    assert fakes["generator"]["class_sampling"] == "from the data set's labels"
    drawn = Generated(model, data)
    np.testing.assert_array_equal(drawn.labels(60)[:20], drawn.labels(20))
    with pytest.raises(ValueError, match="takes labels; name a data set that has them"):
        Generated(model, npz(tmp_path))


def test_a_function_of_ones_own(toy):
    from kgan.datasets import RingOfGaussians

    ring = RingOfGaussians(size=300)

    def farthest(real, fake):
        assert real.shape == fake.shape == (100, 2)
        return {"farthest": np.abs(fake).max(), "real": np.abs(real).max()}

    gan = toy()
    first, second = Evaluation(farthest, ring, 100)(Generated(gan, ring))
    assert first["key"] == "farthest" and first["value"] == pytest.approx(
        np.abs(ring.decode(gan.sample_values(100))).max(), rel=1e-6
    )
    assert first["extractor"] is None and len(first["ref"]["sha256"]) == 64 and second["metric"] == "real-100"


def test_what_cannot_be_computed_is_found_at_once(tmp_path):
    odd = npz(tmp_path, side=20)
    with pytest.raises(ValueError, match="sides must be multiples of 16; got .20, 20."):
        Evaluation(["ms-ssim"], odd, 100)
    with pytest.raises(ValueError, match="SWD needs sides of at least 16 pixels; got .12, 12."):
        Evaluation(["swd"], npz(tmp_path, side=12), 100)
    for name, k in (("prdc", 5), ("pr", 3)):
        with pytest.raises(ValueError, match=f"k={k} needs more than {k} images of each kind; got"):
            Evaluation([name], odd, k, "pixels")

    class OtherShape(Projection):
        def __call__(self, images):
            raise ValueError(f"this classifier takes 28x28; got {images.shape[1:3]}.")

    with pytest.raises(ValueError, match="takes 28x28"):
        Evaluation(["fid"], odd, 100, OtherShape())


WRONG = [
    ({"metrics": ["fidd"]}, "there is no 'fidd'; expected one of fid, is"),
    ({"metrics": ["fid"], "protocol": "pytorch"}, "there is no protocol 'pytorch'"),
    ({"metrics": ["prdc"], "protocol": "ttur"}, "ttur does not define 'prdc'; expected one of fid"),
    ({"metrics": ["fid"], "num_samples": 1}, "num_samples must be at least 2; got 1"),
    ({"metrics": ["fid"], "extractor": "resnet"}, "there is no extractor 'resnet'; expected inception"),
    ({"metrics": ["fd"]}, "names no classes, and has no classifier"),
]


@pytest.mark.parametrize("options, message", WRONG)
def test_mistakes(tmp_path, options, message):
    with pytest.raises(ValueError, match=message):
        Evaluation(**{"dataset": npz(tmp_path), "num_samples": 10} | options)


def test_vectors_have_no_pictures_scores():
    from kgan.datasets import RingOfGaussians

    with pytest.raises(ValueError, match=r"fid is a score of pictures, and this data set holds vectors of shape"):
        Evaluation(["fid"], RingOfGaussians(), 100)


def test_without_weights_nothing_is_substituted(tmp_path, monkeypatch):
    for name in ("KGAN_INCEPTION_WEIGHTS", "KGAN_DATA", "TORCH_HOME"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(FileNotFoundError, match="classify_image_graph_def.pb.*kgan classifier"):
        Evaluation(["fid"], npz(tmp_path), 10)


def test_every_score_is_described():
    for name, (score, extractor) in SCORES.items():
        assert extractor in (None, "inception", "inception-clean", "classifier") and score.better in ("min", "max"), (
            name
        )


def test_modes_of_a_mixture_and_its_exact_distance(toy):
    ring, gan = RingOfGaussians(size=300), toy()
    found = {one["key"]: one for one in Evaluation(["modes", "w1"], ring, 200)(Generated(gan, ring))}
    fakes = ring.decode(gan.sample_values(200))
    counted = metrics.modes(fakes, ring.centers, ring.stddev)
    assert (found["modes"]["value"], found["good"]["value"]) == (counted["modes"], counted["good"])
    reals = np.concatenate(list(Real(ring).values(200)))
    assert found["w1"]["value"] == pytest.approx(wasserstein1(reals, fakes), rel=1e-6)
    assert found["w1"]["metric"] == "W1-200" and found["modes"]["settings"] == {"of": 8}
    with pytest.raises(ValueError, match="modes is a score of mixtures of Gaussians"):
        swiss = SwissRoll(size=300)
        Evaluation(["modes"], swiss, 200)(Generated(gan, swiss))


def test_the_totals_of_images_are_compared_in_the_reals_deviations(tmp_path):
    """k times the pixels have k times the totals; sorted, they differ by (k - 1) times the mean."""
    images = np.random.default_rng(0).integers(1, 100, [50, 16, 16, 1]).astype(np.uint8)
    for name, factor in (("one", 1), ("two", 2)):
        np.savez(tmp_path / f"{name}.npz", images=images * factor)
    one, two = (NPZ(str(tmp_path / f"{name}.npz")) for name in ("one", "two"))
    (found,) = Evaluation(["signal"], one, 50)(Real(two))
    totals = images.sum(axis=(1, 2, 3), dtype=np.float64)
    assert found["value"] == pytest.approx(totals.mean() / totals.std(), rel=1e-12)
    assert (found["metric"], found["better"], found["settings"]["unit"]) == ("signal-W1-50", "min", totals.std())
    assert Evaluation(["signal"], one, 50)(Real(one))[0]["value"] == 0
    np.savez(tmp_path / "flat.npz", images=np.full([50, 16, 16, 1], 7, np.uint8))
    with pytest.raises(ValueError, match="which are all the same"):
        Evaluation(["signal"], NPZ(str(tmp_path / "flat.npz")), 50)(Real(one))
    with pytest.raises(ValueError, match=r"signal is a score of pictures, and this data set holds vectors"):
        Evaluation(["signal"], RingOfGaussians(size=50), 50)


def test_the_totals_of_showers_are_those_of_particles():
    showers, gan = Showers(size=40), game()
    (found,) = Evaluation(["signal"], showers, 30)(Generated(gan, showers))
    reals = np.concatenate(list(Real(showers).values(30))).sum(axis=(1, 2, 3))
    fakes = showers.decode(gan.sample_values(30)).sum(axis=(1, 2, 3))
    assert found["value"] == pytest.approx(wasserstein1(reals, fakes) / reals.std(), rel=1e-5)


def test_classes_that_are_missing_are_seen(tmp_path):
    data = npz(tmp_path, labels=True)

    class OneClass(Projection):
        def __call__(self, images):
            return super().__call__(images) | {"logits": np.tile([1.0, 0.0], [len(images), 1])}

    found = {one["key"]: one["value"] for one in Evaluation(["classes"], data, 50, OneClass(None))(Real(data))}
    share = data.batch(np.arange(120)).labels.mean()
    assert found == {"class_tv": pytest.approx(share), "classes": 1}
    with pytest.raises(ValueError, match=r"modes is a score of vectors, and this data set holds pictures"):
        Evaluation(["modes"], data, 50)
