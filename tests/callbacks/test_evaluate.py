"""Scores in training: in the logs, on record, exact across a resume, the same on several devices."""

import json

import keras
import numpy as np
import pytest
import tensorflow as tf

import kgan
from kgan.callbacks import FID, Checkpoint, Evaluate, InceptionScore, Log
from kgan.evaluation import Generated
from kgan.runs.checkpoint import latest
from tests.evaluation.doubles import npz


@pytest.fixture(autouse=True)
def cached(tmp_path_factory, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
    for name in ("KGAN_INCEPTION_WEIGHTS", "KGAN_DATA", "TORCH_HOME"):
        monkeypatch.delenv(name, raising=False)


def spread(real, fake):
    return abs(float(np.std(fake)) - float(np.std(real)))


def lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_values_in_history_log_and_records(toy, tmp_path):
    gan, ring = toy(), kgan.datasets.RingOfGaussians(size=200)
    gan.run_dir = tmp_path
    evaluate = Evaluate(spread, every=10, num_samples=50, data=ring)
    history = gan.fit(
        ring.batches(40), epochs=6, steps_per_epoch=5, verbose=0, callbacks=[evaluate, Log(every=5)], shuffle=False
    )
    records = lines(tmp_path / "evaluations.jsonl")
    values = [one["value"] for one in records]
    assert history.history["spread"] == values and [one["generator"]["step"] for one in records] == [10, 20, 30]
    assert [line.get("spread") for line in lines(tmp_path / "log.jsonl")][1::2] == values
    assert len(set(values)) == 3 and records[0]["metric"] == "spread-50"
    # The last one can be had again, from the same samples.
    fakes = ring.decode(gan.sample_values(50))
    reals = np.concatenate(list(kgan.evaluation.Real(ring).values(50)))
    assert values[-1] == pytest.approx(spread(reals, fakes), rel=1e-6)


def test_the_best_checkpoint_is_kept_beside_the_last(toy, tmp_path):
    gan, ring = toy(), kgan.datasets.RingOfGaussians(size=200)
    gan.run_dir = tmp_path
    values = iter([3.0, 1.0, 2.0, 4.0])

    def score(real, fake):
        return next(values)

    callbacks = [Evaluate(score, 5, 50, data=ring), Checkpoint(every=5, keep=1, monitor="score")]
    gan.fit(ring.batches(40), epochs=4, steps_per_epoch=5, verbose=0, callbacks=callbacks, shuffle=False)
    steps = sorted(int(path.stem.removeprefix("step-")) for path in (tmp_path / "checkpoints").glob("*.json"))
    assert steps == [10, 20]


def test_patience_ends_the_training_and_survives_a_resume(toy, tmp_path):
    ring = kgan.datasets.RingOfGaussians(size=200)
    given = [3.0, 2.0, 2.5, 2.4, 1.0]

    def train(epochs):
        gan = toy()
        gan.run_dir = tmp_path

        def score(real, fake):
            return given[int(gan.step.numpy()) // 5 - 1]

        callbacks = [Evaluate(score, 5, 50, data=ring, patience=2), Checkpoint(every=5)]
        gan.fit(ring.batches(40), epochs=epochs, steps_per_epoch=5, verbose=0, callbacks=callbacks, shuffle=False)
        return int(gan.step.numpy())

    assert train(3) == 15  # 2.5 was the first that is not better
    assert train(9) == 20  # 2.4 the second
    assert train(9) == 20  # ended for good
    assert [one["value"] for one in lines(tmp_path / "evaluations.jsonl")] == given[:4]


@pytest.mark.slow
def test_records_of_states_that_are_not_reached_any_more_go(toy, tmp_path):
    ring = kgan.datasets.RingOfGaussians(size=200)
    gan = toy()
    gan.run_dir = tmp_path
    evaluate, checkpoint = Evaluate(spread, 5, 50, data=ring), Checkpoint(every=100)
    gan.fit(ring.batches(40), epochs=2, steps_per_epoch=5, verbose=0, callbacks=[evaluate, checkpoint], shuffle=False)
    evaluate.evaluate()
    record = lines(tmp_path / "evaluations.jsonl")[-1]
    record["generator"]["step"] = 15  # measured after the last checkpoint, before a kill
    with open(tmp_path / "evaluations.jsonl", "a") as file:
        file.write(json.dumps(record) + "\n")
    again = toy()
    again.run_dir = tmp_path
    callbacks = [Evaluate(spread, 5, 50, data=ring), Checkpoint(every=100)]
    again.fit(ring.batches(40), epochs=4, steps_per_epoch=5, verbose=0, callbacks=callbacks, shuffle=False)
    found = lines(tmp_path / "evaluations.jsonl")
    assert [one["generator"]["step"] for one in found] == [5, 10, 15, 20]
    assert found[2]["value"] != record["value"] and latest(tmp_path / "checkpoints")[1]["step"] == 20


@pytest.mark.slow
def test_two_replicas_score_as_one_device(toy, tmp_path, replicas):
    ring = kgan.datasets.RingOfGaussians(size=200)
    sgd = lambda: keras.optimizers.SGD(0.01)  # noqa: E731
    values = []
    for strategy in (tf.distribute.get_strategy(), replicas):
        keras.utils.set_random_seed(0)
        with strategy.scope():
            gan = toy(optimizer=sgd)
        gan.run_dir = tmp_path / type(strategy).__name__
        history = gan.fit(
            ring.batches(40), epochs=2, steps_per_epoch=4, verbose=0, shuffle=False,
            callbacks=[Evaluate(spread, 4, 300, data=ring)],
        )  # fmt: skip
        values.append(history.history["spread"])
        assert len(lines(gan.run_dir / "evaluations.jsonl")) == 2
    np.testing.assert_allclose(*values, rtol=1e-5)


def test_images_through_a_score(tmp_path):
    from tests.evaluation.doubles import game

    data, gan = npz(tmp_path), game()
    gan.run_dir = tmp_path
    evaluate = Evaluate("swd", every=1, num_samples=40, data=data)
    history = gan.fit(
        data.batches(8), epochs=2, steps_per_epoch=1, verbose=0, shuffle=False, callbacks=[evaluate]
    ).history
    assert {"swd_16", "swd", "swd_real"} <= set(history) and evaluate.names == ("swd", "swd_real")
    assert evaluate.evaluations[""](Generated(gan, data))[1]["value"] == history["swd"][-1]


@pytest.mark.parametrize("name", ["FID", "InceptionScore"])
def test_missing_weights_are_said_before_the_training(tmp_path, name):
    with pytest.raises(FileNotFoundError, match="classify_image_graph_def.pb, were not found"):
        {"FID": FID, "InceptionScore": InceptionScore}[name](data=npz(tmp_path))


@pytest.mark.parametrize(
    "options, message",
    [
        ({"every": 0}, "every must be at least 1"),
        ({"patience": 0}, "patience must be at least 1; got 0"),
        ({"metric": "sdw"}, "there is no 'sdw'"),
        ({"num_samples": 1}, "num_samples must be from 2 to 10000000"),
    ],
)
def test_mistakes(tmp_path, options, message):
    with pytest.raises(ValueError, match=message):
        Evaluate(**{"metric": "swd", "data": npz(tmp_path)} | options)


def test_two_evaluations_of_one_name_in_a_recipe(tmp_path):
    from kgan import recipe
    from kgan.running import experiment

    path = tmp_path / "small.yaml"
    path.write_text(
        f"""
steps: 2
dataset: {{NPZ: {{path: {npz(tmp_path).path}}}}}
generator: {{DCGANGenerator: {{latent_dim: 4, width: 8}}}}
discriminator: {{DCGANDiscriminator: {{width: 8}}}}
objective: {{StandardGAN: {{}}}}
optimizers: {{generator: {{Adam: {{}}}}, discriminator: {{Adam: {{}}}}}}
callbacks: [{{Evaluate: {{metric: swd}}}}, {{Evaluate: {{metric: swd, num_samples: 9}}}}]
"""
    )
    refused = [
        ([], "callbacks: two of them write 'swd' into the log"),
        (["callbacks=[{FID: {}}]"], "callbacks.0: The weights of the 2015 Inception network"),
        (["callbacks=[{Evaluate: {metric: swd, data: 1}}]"], "callbacks.0.Evaluate.data: expected nothing"),
        (["callbacks=[]", "checkpoint.monitor=swd"], "checkpoint.monitor: expected one of d_loss, g_loss, got 'swd'"),
        (["callbacks=[{Evaluate: {metric: swd, patience: 0}}]"], "patience: expected an integer of at least 1 or null"),
        (["callbacks=[{Evaluate: {}}]"], "callbacks.0.Evaluate.metric: missing; Evaluate needs it"),
        (["callbacks=[{Evaluate: {metric: swd, num_samples: 0}}]"], "num_samples: expected an integer from 2"),
    ]
    for overrides, message in refused:
        with pytest.raises(recipe.RecipeError, match=message.replace("[", r"\[")):
            plan = recipe.load(path, overrides)
            experiment.callbacks(plan, *experiment.build(plan))
