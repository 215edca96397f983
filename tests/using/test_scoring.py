"""`kgan evaluate` and `kgan scores`: on runs, exports, folders and arrays, and on what is none of them."""

import errno
import json
import subprocess
import sys

import numpy as np
import pytest
from click.testing import CliRunner

import kgan
from kgan import images
from kgan.cli import main
from kgan.using import scoring
from kgan.using.export import export
from tests.evaluation.doubles import npz


@pytest.fixture(autouse=True)
def cached(tmp_path_factory, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
    for name in ("KGAN_INCEPTION_WEIGHTS", "KGAN_DATA", "TORCH_HOME"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run folder of two steps on an .npz."""
    folder = tmp_path_factory.mktemp("run")
    data = npz(folder)
    recipe = folder / "small.yaml"
    recipe.write_text(
        f"""
steps: 2
batch_size: 8
precision: float32
dataset: {{NPZ: {{path: {data.path}}}}}
generator: {{DCGANGenerator: {{latent_dim: 4, width: 8}}}}
discriminator: {{DCGANDiscriminator: {{width: 8}}}}
objective: {{StandardGAN: {{}}}}
optimizers: {{generator: {{Adam: {{}}}}, discriminator: {{Adam: {{}}}}}}
log: {{every: 1}}
checkpoint: {{monitor: swd}}
callbacks: [{{Evaluate: {{metric: swd, every: 1, num_samples: 32}}}}]
"""
    )
    result = CliRunner().invoke(main, ["fit", str(recipe), "--run-dir", str(folder / "run")])
    assert result.exit_code == 0, result.output
    return folder / "run"


def kgan_(*words):
    result = CliRunner().invoke(main, [str(word) for word in words])
    return result.exit_code, result.stdout, result.stderr


def test_a_recipe_that_evaluates(run):
    lines = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
    records = [json.loads(line) for line in (run / "evaluations.jsonl").read_text().splitlines()]
    average = [one for one in records if one["key"] == "swd"]
    assert [line["swd"] for line in lines] == [one["value"] for one in average]
    assert [one["generator"]["step"] for one in average] == [1, 2]
    assert average[0]["ref"]["dataset"] == "NPZ" and average[0]["n_gen"] == 32


def test_a_run_its_export_and_its_samples_have_one_score(run, tmp_path):
    code, out, _ = kgan_("evaluate", run, "--metric", "swd", "--num-samples", 48, "--json")
    (_, average, _) = [json.loads(line) for line in out.splitlines()]
    assert code == 0 and average["generator"]["checkpoint"] == "step-00000002"
    gan, data = kgan.load(run), npz(tmp_path)
    served = export(gan, tmp_path / "served")
    folder, array = tmp_path / "pictures", tmp_path / "samples.npz"
    samples = gan.sample(48)
    np.savez(array, images=samples)
    for index, image in enumerate(samples):
        images.write_png(folder / f"{index:02d}.png", image)
    gan.save(tmp_path / "game.keras")
    for subject in (served, folder, array, tmp_path / "game.keras"):
        found, _ = scoring.score(subject, data.path, ["fid"], 48, extractor="pixels")
        assert found[0]["n_gen"] == 48 and found[0]["n_ref"] == 120
        value, before = found[0]["value"], locals().get("value")
        assert before is None or value == pytest.approx(before, rel=2e-3)  # one grey level of another graph
    # A set is read in an order of its own, which matters to the places of the patches.
    exact, _ = scoring.score(served, data.path, ["swd"], 48)
    assert exact[1]["value"] == pytest.approx(average["value"], rel=1e-3)


def test_the_records_of_a_run_in_a_table(run):
    before = (run / "evaluations.jsonl").read_text()
    code, out, err = kgan_("evaluate", run, "--metric", "ms-ssim", "--metric", "swd", "--num-samples", 40)
    assert (code, err) == (0, "") and out.splitlines()[0].startswith("MS-SSIM-20-pairs  ")
    assert (run / "evaluations.jsonl").read_text().startswith(before)
    once = (run / "evaluations.jsonl").read_text()
    assert kgan_("evaluate", run, "--metric", "ms-ssim", "--metric", "swd", "--num-samples", 40)[1] == out
    assert sorted((run / "evaluations.jsonl").read_text().splitlines()) == sorted(once.splitlines())
    code, out, err = kgan_("scores", run)
    assert code == 0 and "run at step 1" in out and "cannot be compared: n_gen is 32 and 40" in out


def test_another_reference(run, tmp_path):
    other = npz(tmp_path, seed=3)
    text = f"NPZ: {{path: {other.path}}}"
    for reference in (other.path, text):
        found, _ = scoring.score(run, reference, ["swd"], 40)
        assert found[0]["ref"]["sha256"] == scoring.score(run, other.path, ["swd"], 40)[0][0]["ref"]["sha256"]
    assert scoring.reference(str(run)).path == kgan.datasets.NPZ(str(run.parent / "images.npz")).path


def test_the_range_of_a_set_is_said_in_the_words_of_a_recipe(tmp_path):
    numbers = np.random.default_rng(0).random((2, 40, 16, 16, 1)).astype("float32")
    for name, part in zip("ab", numbers, strict=True):
        np.savez(tmp_path / f"{name}.npz", images=part)
        np.savez(tmp_path / f"{name}2.npz", images=part * 2 - 1)
    said = [f"NPZ: {{path: {tmp_path}/{name}.npz, range: [0, 1]}}" for name in "ab"]
    code, out, err = kgan_("evaluate", *said, "--metric", "swd")
    plain = kgan_("evaluate", tmp_path / "a2.npz", tmp_path / "b2.npz", "--metric", "swd")
    assert (code, out, err) == plain and code == 0 and out.startswith("SWDx1e3-16")


def test_the_data_sets_own_classifier(tmp_path):
    from kgan.classifier import training

    data = npz(tmp_path, count=300, labels=True)
    classifier = training._train(data, None, 0, lambda line: None, 3)
    file = tmp_path / "own.npz"
    classifier.save(file)
    text = f"NPZ: {{path: {data.path}, labels: labels}}"
    code, out, err = kgan_(
        "evaluate", data.path, text, "--metric", "fd", "--metric", "cs", "--metric", "classes", "--extractor", file
    )
    name = classifier.extractor["id"]
    assert (code, err) == (0, "") and out.startswith(f"FD-{name}-300 (all)")
    assert f"CS-{name}-300 (10 splits)" in out and f"FD-{name}, training images against" in out
    found, _ = scoring.score(data.path, text, ["fd"], extractor=str(file))
    assert found[0]["value"] < 1e-8 and found[0]["extractor"]["weights_sha256"] == classifier.sha256
    with pytest.raises(FileNotFoundError, match="kgan classifier"):
        scoring.score(data.path, text, ["fd"])


MISTAKES = [
    (["nowhere"], "nowhere does not exist; expected a run, an export, or a folder or npz of images."),
    (
        ["RUN", "nowhere/at/all"],
        "nowhere/at/all does not exist; expected a folder or an .npz of images, or a data set.",
    ),
    (["RUN", "FashonMNIST"], "there is no 'FashonMNIST' here; did you mean 'FashionMNIST'?"),
    (["RUN", "FashionMNIST: {split: tset}"], "split is 'tset'; expected one of 'train', 'test'."),
    (["RUN", "FashionMNIST: {"], "not valid YAML"),
    (["RUN", "--metric", "fdi"], "there is no 'fdi'; expected one of fid, is, kid"),
    (["RUN", "--metric", "fid"], "classify_image_graph_def.pb, were not found"),
    (["RUN"], "classify_image_graph_def.pb, were not found"),
    (["RUN", "--metric", "fd"], "NPZ names no classes, and has no classifier"),
    (["RUN", "--metric", "fid", "--extractor", "vgg"], "there is no extractor 'vgg'"),
    (["RUN", "--metric", "fid", "--extractor", "nowhere.npz"], "nowhere.npz"),
    (["RUN", "--metric", "prdc", "--protocol", "ttur"], "ttur does not define 'prdc'"),
    (["RUN", "--protocol", "pytorch-fid"], "'pytorch-fid' is not one of"),
    (["RUN", "--num-samples", "1"], "1 is not in the range"),
    (["RUN", "RingOfGaussians", "--metric", "swd"], "swd is a score of pictures, and this data set holds vectors of"),
    (["NPZ"], "is no run folder: say what it is compared with, as a second argument."),
    (["NPZ: {path: nowhere.npz}", "NPZ"], "nowhere.npz does not exist; expected an .npz or .npy file."),
    (["NPZ: {}", "RUN"], "path"),
    (["EMPTY", "NPZ"], "has no images; expected PNG, JPEG"),
    (["RUN", "SMALL", "--metric", "swd"], "both sets must have one shape"),
    (["RUN", "FILE", "--metric", "swd"], "cannot be read"),
]


@pytest.mark.parametrize("words, message", MISTAKES)
def test_mistakes(run, tmp_path, words, message):
    (tmp_path / "empty").mkdir()
    (tmp_path / "file.npz").write_text("no archive")
    places = {
        "RUN": run, "NPZ": npz(tmp_path).path, "EMPTY": tmp_path / "empty", "FILE": tmp_path / "file.npz",
        "SMALL": npz(tmp_path, side=20, name="small.npz").path,
    }  # fmt: skip
    before = (run / "evaluations.jsonl").read_text()
    code, out, err = kgan_("evaluate", *(places.get(word, word) for word in words))
    assert code == 2 and message in err and len(err.splitlines()) == 1 and not out
    assert (run / "evaluations.jsonl").read_text() == before


def test_scores_of_what_has_none(tmp_path):
    code, _, err = kgan_("scores", tmp_path)
    assert code == 2 and err == f"kgan: {tmp_path} has no scores; `kgan evaluate {tmp_path}` gives it some.\n"
    code, _, err = kgan_("scores", tmp_path, tmp_path / "nowhere")
    assert code == 2 and f"{tmp_path} and {tmp_path}/nowhere have no scores" in err and err.count("\n") == 1
    (tmp_path / "evaluations.jsonl").write_text("{")
    code, _, err = kgan_("scores", tmp_path)
    assert code == 1 and "line 1: expected a record" in err


def test_runs_without_scores_are_named_and_the_others_listed(run, tmp_path):
    code, out, err = kgan_("scores", tmp_path, run)
    assert code == 0 and "run at step 1" in out
    assert err == f"kgan: {tmp_path} has no scores; `kgan evaluate {tmp_path}` gives it some.\n"


def test_a_score_is_printed_before_the_disk_is_full(run, monkeypatch):
    def full(path, found):
        raise OSError(errno.ENOSPC, "No space left on device", str(path))

    monkeypatch.setattr(scoring.records, "append", full)
    code, out, err = kgan_("evaluate", run, "--metric", "swd", "--num-samples", 40)
    assert code == 1 and "SWD" in out and "No space left on device" in err and err.count("\n") == 1


def test_a_damaged_file_of_records_is_found_before_the_work(run, monkeypatch):
    monkeypatch.setattr(scoring, "Evaluation", lambda *given: pytest.fail("it has begun"))
    monkeypatch.setattr(scoring, "EVALUATIONS", "damaged.jsonl")
    (run / "damaged.jsonl").write_text("{")
    with pytest.raises(ValueError, match="line 1: expected a record"):
        scoring.score(run, None, ["swd"], 40)
    (run / "damaged.jsonl").unlink()


def test_the_help_names_every_score():
    from kgan.evaluation import PROTOCOLS, SCORES

    text = " ".join(kgan_("evaluate", "--help")[1].split())
    assert all(name in text for name in [*SCORES, *PROTOCOLS])


@pytest.mark.slow
def test_killed_while_it_writes(run, tmp_path):
    """The records are whole, whenever the process ends."""
    before = (run / "evaluations.jsonl").read_bytes()
    code = (
        "import os, sys; from kgan import scoring, files\n"
        "real = os.replace\n"
        "os.replace = lambda *paths: os._exit(9) if 'evaluations' in str(paths[1]) else real(*paths)\n"
        f"scoring.score({str(run)!r}, None, ['swd'], 33)"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True).returncode == 9
    assert (run / "evaluations.jsonl").read_bytes() == before
    for path in run.glob(".tmp-*"):
        path.unlink()
