"""A script that was edited does not go on as if it were the old one; one that was not does."""

import json
import os
import runpy
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf

import kgan
from kgan import precision
from kgan.callbacks import Checkpoint
from kgan.regularizers import GradientPenalty
from kgan.runs import checkpoint, settings
from tests.conftest import numbers

L = keras.layers


def ring(size=60, **options):
    return kgan.datasets.RingOfGaussians(size=size).batches(**{"batch_size": 16, "seed": 3} | options)


def adam(rate=1e-3, **options):
    return keras.optimizers.Adam(rate, **options)


def functional(units=8, activation="relu", skip=True):
    """A discriminator of a script: automatic names, a branch, a lambda."""
    x = keras.Input([2])
    one = L.Dense(units, activation=activation)(x)
    two = L.Dense(units)(one if skip else x)
    y = L.Concatenate()([one, keras.ops.tanh(two)])
    return keras.Model(x, L.Dense(1)(L.Lambda(lambda t: 2.0 * t)(y)))


def sequential(units=8, activation="relu", rate=0.0):
    return keras.Sequential([keras.Input([3]), L.Dense(units, activation=activation), L.Dropout(rate), L.Dense(2)])


@pytest.fixture
def script(tmp_path):
    """A script: script(data=..., optimizer=...) in its folder; gives the game and what it printed."""

    def run(
        objective=kgan.StandardGAN, data=None, optimizer=adam, generator=sequential, discriminator=functional,
        callbacks=(), compiled=None, steps=4, epochs=1, folder="checkpoints", fit=None, **options,
    ):  # fmt: skip
        gan = objective(generator(), discriminator(), **options)
        gan.compile(generator_optimizer=optimizer(), discriminator_optimizer=optimizer(), **(compiled or {}))
        gan.run_dir = tmp_path
        data = ring() if data is None else data
        batches = {} if fit and "x" in fit else {"x": data}
        given = {"epochs": epochs, "steps_per_epoch": steps, "verbose": 0, "shuffle": False} | batches | (fit or {})
        gan.fit(callbacks=[*callbacks, Checkpoint(folder)], **given)
        return gan

    return run


EDITS = {
    "another class": ({"objective": kgan.LSGAN}, "objective StandardGAN -> LSGAN"),
    "an argument": ({"discriminator_steps": 2}, r"discriminator_steps 1 -> 2"),
    "the seed": ({"seed": 1}, "seed 0 -> 1"),
    "the average": ({"ema": 0.9}, "ema 0.999 -> 0.9"),
    "the loss": ({"adversarial_loss": kgan.losses.Hinge()}, "adversarial_loss .*-> Hinge"),
    "a penalty": ({"regularizers": [GradientPenalty(10.0)]}, r"regularizers \[\] -> \[GradientPenalty\]"),
    "a rate": ({"optimizer": lambda: adam(5e-3)}, "generator_optimizer.learning_rate 0.001 -> 0.005"),
    "a schedule": (
        {"optimizer": lambda: adam(keras.optimizers.schedules.CosineDecay(1e-3, 9))},
        r"generator_optimizer.learning_rate 0.001 -> CosineDecay",
    ),
    "an optimizer": ({"optimizer": lambda: keras.optimizers.SGD(1e-3)}, "generator_optimizer Adam -> SGD"),
    "a beta": ({"optimizer": lambda: adam(beta_1=0.5)}, "discriminator_optimizer.beta_1 0.9 -> 0.5"),
    "an activation": (
        {"generator": lambda: sequential(activation="tanh")},
        "generator.layers.1.activation relu -> tanh",
    ),
    "a dropout": ({"generator": lambda: sequential(rate=0.5)}, "generator.layers.2.rate 0 -> 0.5"),
    "a connection": ({"discriminator": lambda: functional(skip=False)}, "discriminator.layers.2.inputs"),
    "the units": ({"discriminator": lambda: functional(9)}, "discriminator.layers.1.units 8 -> 9"),
    "the batch": ({"data": ring(batch_size=48)}, "data.batch_size 16 -> 48"),
    "the order": ({"data": ring(seed=4)}, "data.seed 3 -> 4"),
    "the start": ({"data": ring(start=1)}, "data.start 0 -> 1"),
    "the data": ({"data": ring(61)}, "data.dataset.size 60 -> 61"),
    "the kind of data": ({"data": np.zeros([64, 2], "float32")}, "data stream -> arrays"),
}


# The kinds of settings; the others of a kind are slow.
KINDS = ("another class", "an argument", "a rate", "an activation", "the batch", "the kind of data")


def some(cases, fast):
    return [
        pytest.param(
            *(case if isinstance(case, tuple) else [case]), marks=() if name in fast else pytest.mark.slow, id=name
        )
        for name, case in cases.items()
    ]


@pytest.mark.few(4)
@pytest.mark.parametrize(("edit", "says"), some(EDITS, KINDS))
def test_an_edited_script_is_refused(script, tmp_path, edit, says):
    before = numbers(script())
    # Nothing is trained, and nothing said to be done, also of the epochs that are.
    with pytest.raises(ValueError, match=f"{tmp_path}/checkpoints holds a training with other settings .*{says}"):
        script(**edit)
    for a, b in zip(before, numbers(script()), strict=True):  # put back
        np.testing.assert_array_equal(a, b)


def test_another_folder_is_another_training(script):
    script()
    assert int(script(discriminator_steps=2, folder="other").step.numpy()) == 4


def scheduler():
    return keras.callbacks.LearningRateScheduler(lambda epoch, rate: rate * 0.5)


def plateau():
    return keras.callbacks.ReduceLROnPlateau(monitor="d_loss", mode="min", patience=1, min_delta=9.0)


SAME = {
    "as it is": {},
    "a network of kgan": {
        "generator": lambda: kgan.architectures.MLPGenerator((2,), 3, [8]),
        "discriminator": lambda: kgan.architectures.MLPDiscriminator((2,), [8], normalization="spectral"),
    },
    "with a schedule": {"optimizer": lambda: adam(keras.optimizers.schedules.CosineDecay(1e-3, 9))},
    "by names": {"optimizer": lambda: "adam"},
    "with scaled losses": {"optimizer": lambda: keras.optimizers.LossScaleOptimizer(adam())},
    "with rates from callbacks": {"callbacks": [scheduler()]},
    "with rates that were lowered": {"callbacks": [plateau()]},
    "with augmentation and penalties": {
        "augment": kgan.augment.InstanceNoise(0.1), "regularizers": [GradientPenalty(3.0)], "discriminator_steps": 2,
    },
    "with validation": {"fit": {"validation_data": ring(steps=2)}},
    "with a length": {"data": ring(steps=4), "steps": None},
}  # fmt: skip


@pytest.mark.few(1)
@pytest.mark.parametrize("given", some(SAME, ("as it is", "with scaled losses", "with rates that were lowered")))
def test_the_same_script_goes_on(script, given, capsys):
    script(**given, epochs=2)
    assert int(script(**given, epochs=3).step.numpy()) == 12
    assert "going on from step 8, exactly." in capsys.readouterr().out
    script(**given, epochs=3)
    assert "all 3 epochs are done, at step 12." in capsys.readouterr().out


def arrays(change=None):
    rng = np.random.default_rng(0)
    images, labels = rng.normal(size=[64, 2]).astype("float32"), np.arange(64) % 4
    if change == "content":
        images[-1] += 1
    if change == "order":
        images = images[::-1]
    if change == "labels":
        labels = labels[::-1]
    return images[:60] if change == "fewer" else images, labels[:60] if change == "fewer" else labels


def acgan(script, x, y=None, **options):
    classes = {"conditioning": "auxiliary", "num_classes": 4}
    return script(
        kgan.ACGAN, x, steps=None, fit={"x": x, "y": y, "shuffle": True, **options},
        generator=lambda: kgan.architectures.MLPGenerator(
            (2,), 3, [8], conditioning="concatenation", num_classes=4
        ),
        discriminator=lambda: kgan.architectures.MLPDiscriminator((2,), [8], **classes),
    )  # fmt: skip


def test_arrays_are_known_again(script, capsys):
    acgan(script, *arrays(), batch_size=16)
    assert int(acgan(script, *arrays(), batch_size=16, epochs=2).step.numpy()) == 8
    said = "going on from step 4, with the weights, the slots and the step; the data begin anew."
    assert said in capsys.readouterr().out
    for change in ("content", "order", "labels", "fewer"):
        with pytest.raises(ValueError, match=r"other settings \(data.arrays"):
            acgan(script, *arrays(change), batch_size=16)
    with pytest.raises(ValueError, match="data.batch_size 16 -> 20"):
        acgan(script, *arrays(), batch_size=20)
    with pytest.raises(ValueError, match="data.shuffle True -> False"):
        acgan(script, *arrays(), batch_size=16, shuffle=False)


def test_data_sets_of_tensorflow_are_known_by_their_elements_and_their_number(script):
    def batches(size, dtype="float32"):
        return tf.data.Dataset.from_tensor_slices(arrays()[0].astype(dtype)).batch(size, drop_remainder=True)

    script(data=batches(16), steps=None)
    script(data=batches(16), steps=None, epochs=2)
    says = "element_spec of the data TensorSpec.*16, 2.*TensorSpec.*20, 2.*number of batches of the data 4 -> 3"
    with pytest.raises(ValueError, match=says):
        script(data=batches(20), steps=None)
    script(data=ring().map(lambda x, labels: x), folder="mapped")  # nothing more can be known of it
    script(data=ring().map(lambda x, labels: x), folder="mapped", epochs=2)


@pytest.mark.parametrize("count", ["equal", "unknown"])
def test_another_batch_size_is_seen_where_the_number_of_batches_does_not_tell(script, tmp_path, count):
    """As many batches of another size, also behind what hides the number of batches."""

    def batches(size):
        data = tf.data.Dataset.from_tensor_slices(arrays()[0][: 4 * size]).batch(size)
        data = data.filter(lambda x: True) if count == "unknown" else data
        return data.map(lambda x: x).prefetch(1)

    script(data=batches(12), steps=None if count == "equal" else 4)
    with pytest.raises(ValueError, match="batch size of the data 12 -> 16"):
        script(data=batches(16), steps=None if count == "equal" else 4)
    commit, record = checkpoint.latest(tmp_path / "checkpoints")
    del record["settings"]["data"]["arguments"]["batch"]  # as an earlier kgan wrote it
    commit.write_text(json.dumps(record))
    assert int(script(data=batches(12), steps=None if count == "equal" else 4, epochs=2).step.numpy()) == 8


def test_generators_are_taken_as_they_are(script):
    def batches():
        while True:
            yield (arrays()[0][:16],)

    script(data=batches())
    assert int(script(data=batches(), epochs=2).step.numpy()) == 8


@pytest.mark.parametrize("policy", [pytest.param("mixed_bfloat16", marks=pytest.mark.slow), "mixed_float16"])
def test_under_mixed_precision_the_same_goes_on(script, policy):
    with precision.policy(policy):
        script()
        assert int(script(epochs=2).step.numpy()) == 8
        with pytest.raises(ValueError, match="learning_rate 0.001 -> 0.005"):
            script(optimizer=lambda: adam(5e-3))


def test_other_precision_is_no_other_setting(script, capsys):
    script()
    tolerant = {"callbacks": [], "folder": "checkpoints", "epochs": 2}
    with precision.policy("mixed_bfloat16"), pytest.raises(ValueError, match="precision float32 .here mixed_bfloat16"):
        script(**tolerant)


@pytest.mark.slow
def test_under_replicas_the_same_goes_on(script, replicas, capsys):
    def networks():
        return {
            "generator": lambda: kgan.architectures.MLPGenerator((2,), 3, [8]),
            "discriminator": lambda: kgan.architectures.MLPDiscriminator((2,), [8]),
        }

    with replicas.scope():
        script(**networks())
        assert int(script(**networks(), epochs=2).step.numpy()) == 8
        assert "exactly" in capsys.readouterr().out
        with pytest.raises(ValueError, match="data.batch_size 16 -> 32"):
            script(**networks(), data=ring(batch_size=32))
        with pytest.raises(ValueError, match="batch_size= goes with arrays"):
            script(**networks(), fit={"batch_size": 32})
        script(**networks(), data=arrays()[0], steps=None, folder="arrays", fit={"batch_size": 16})
        with pytest.raises(ValueError, match="data.batch_size 16 -> 32"):
            script(**networks(), data=arrays()[0], steps=None, folder="arrays", fit={"batch_size": 32})


@pytest.mark.slow
def test_a_game_that_was_loaded_goes_on_also_with_a_lowered_rate(script, tmp_path):
    script(callbacks=[plateau()], epochs=3, discriminator=sequential_discriminator).save(tmp_path / "gan.keras")
    for place in (tmp_path, tmp_path / "gan.keras"):
        gan = kgan.load(place)
        gan.run_dir = tmp_path
        assert float(gan.generator_optimizer.learning_rate) < 1e-3
        gan.fit(ring(), steps_per_epoch=4, epochs=4, shuffle=False, verbose=0, callbacks=[plateau(), Checkpoint()])
        assert int(gan.step.numpy()) == 16
        for commit in (tmp_path / "checkpoints").glob("step-00000016.*"):
            commit.unlink()
    assert int(script(callbacks=[plateau()], epochs=4, discriminator=sequential_discriminator).step.numpy()) == 16


def sequential_discriminator():
    return keras.Sequential([keras.Input([2]), L.Dense(8, activation="relu"), L.Dense(1)])


def test_an_old_checkpoint_goes_on_as_before(script, tmp_path):
    script()
    commit, record = checkpoint.latest(tmp_path / "checkpoints")
    del record["settings"]
    commit.write_text(json.dumps(record))
    assert int(script(data=ring(batch_size=48), epochs=2).step.numpy()) == 8
    with pytest.raises(ValueError, match="data.batch_size 48 -> 16"):  # from now on it is known
        script(epochs=3)


@pytest.mark.slow
def test_another_way_to_execute_the_step_is_allowed_but_not_called_exact(script, capsys):
    script()
    script(epochs=2, compiled={"steps_per_execution": 2})
    assert "going on from step 4, but not bitwise: steps_per_execution 1 -> 2." in capsys.readouterr().out


def test_accepted_conditions_are_not_called_exact(toy, tmp_path, capsys):
    for epochs in (1, 2):
        gan = toy(discriminator_steps=1)
        gan.run_dir = tmp_path
        gan.fit(
            ring(), steps_per_epoch=2, epochs=epochs, shuffle=False, verbose=0,
            callbacks=[Checkpoint(allow_inexact=True)],
        )  # fmt: skip
        commit, record = checkpoint.latest(tmp_path / "checkpoints")
        record["environment"]["threads"] = [64, 64]
        commit.write_text(json.dumps(record))
    assert "going on from step 2, but not bitwise: threads [64, 64] (here" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"y": np.zeros([16])}, "y= goes with arrays; a data set gives the labels itself"),
        ({"batch_size": 32}, "batch_size= goes with arrays; a data set is batched already"),
        ({"initial_epoch": 3, "epochs": 4}, "initial_epoch=3, but this training has come to epoch 1; leave it out"),
        ({"validation_split": 0.5, "epochs": 2}, "validation_split"),
    ],
)
def test_what_keras_would_refuse_is_refused(script, options, says):
    script()
    with pytest.raises(ValueError, match=says):
        script(fit=options)


@pytest.mark.slow
def test_an_initial_epoch_that_is_done_is_where_it_goes_on(script):
    script()
    assert int(script(fit={"initial_epoch": 1, "epochs": 2}).step.numpy()) == 8


@pytest.mark.slow
def test_borders_and_the_number_of_epochs_may_move(script, capsys):
    script(steps=4, epochs=2)
    assert int(script(steps=3, epochs=4).step.numpy()) == 12
    assert "going on from step 8, exactly" in capsys.readouterr().out


SCRIPT = """
import sys

import keras

import kgan

L = keras.layers
generator = keras.Sequential([keras.Input([3]), L.Dense(8, activation="relu"), L.Dropout(0.1), L.Dense(2)])
x = keras.Input([2])
hidden = L.Lambda(lambda t: 2.0 * t)(L.GaussianNoise(0.1)(L.Dense(8, activation="gelu")(x)))
discriminator = keras.Model(x, L.Dense(1)(hidden))
gan = kgan.StandardGAN(generator, discriminator, augment=kgan.augment.InstanceNoise(0.1))
gan.compile(generator_optimizer="adam", discriminator_optimizer=keras.optimizers.Adam(1e-3))
data = kgan.datasets.RingOfGaussians(size=60).batches(16)
callbacks = [kgan.callbacks.Checkpoint()]
gan.fit(data, steps_per_epoch=2, epochs=int(sys.argv[1]), shuffle=False, verbose=0, callbacks=callbacks)
"""


@pytest.mark.slow
def test_in_another_process_the_same_goes_on(tmp_path, monkeypatch, capsys):
    (tmp_path / "script.py").write_text(SCRIPT)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["script.py", "1"])
    runpy.run_path("script.py", run_name="__main__")
    other = os.environ | {"PYTHONHASHSEED": "1"}
    command = [sys.executable, "script.py", "2"]
    result = subprocess.run(command, env=other, capture_output=True, text=True)
    assert result.stdout == "checkpoints/checkpoints: going on from step 2, exactly.\n".partition("/")[2], result.stderr
    (tmp_path / "script.py").write_text(SCRIPT.replace("2.0 * t", "3.0 * t"))
    with pytest.raises(ValueError, match="discriminator.layers.3.function.code"):
        runpy.run_path("script.py", run_name="__main__")


def test_where_a_lambda_stands_does_not_matter(tmp_path):
    def code(lines):
        space = {}
        exec(compile("\n" * lines + "f = lambda t: [2.0 * one for one in t]", "file.py", "exec"), space)
        return keras.saving.serialize_keras_object(L.Lambda(space["f"]))

    assert code(0) != code(5)
    assert settings._plain(code(0)) == settings._plain(code(5))


def test_many_differences_are_cut_short(script):
    script()
    with pytest.raises(ValueError) as error:
        script(
            seed=1, ema=0.5, optimizer=lambda: adam(1e-4, beta_1=0.1, beta_2=0.5), data=ring(31, batch_size=8, seed=9)
        )
    assert str(error.value).count("->") == settings.MOST and "more)" in str(error.value)
