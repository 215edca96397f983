"""From YAML to resolved recipes; every mistake is one line with the key's path and the nearest valid name."""

import pytest
import yaml

from kgan import recipe

TOY = """
steps: 6
batch_size: 8
dataset: {RingOfGaussians: {size: 64}}
generator: {MLPGenerator: {latent_dim: 2, units: [8]}}
discriminator: {MLPDiscriminator: {units: [8]}}
objective: {WGANGP: {}}
optimizers:
  generator: {Adam: {learning_rate: 1.0e-3}}
  discriminator: {Adam: {learning_rate: 1.0e-3}}
"""


@pytest.fixture
def written(tmp_path, monkeypatch):
    """Writes r.yaml into an empty working directory."""
    monkeypatch.chdir(tmp_path)

    def write(content):
        (tmp_path / "r.yaml").write_bytes(content if isinstance(content, bytes) else content.encode())
        return "r.yaml"

    return write


def mistake(path, *overrides):
    with pytest.raises(recipe.RecipeError) as error:
        recipe.load(path, overrides)
    line = str(error.value)
    assert "\n" not in line
    assert line.endswith((".", "?"))
    return line


def test_every_default_is_spelled_out(written):
    document = recipe.load(written(TOY)).document()
    assert list(document)[:6] == ["name", "format", "seed", "steps", "batch_size", "precision"]
    assert document["name"] == "r"
    assert document["seed"] == 0
    assert document["precision"] == "auto"
    assert document["callbacks"] == []
    assert document["log"] == {"every": 100}
    assert document["checkpoint"] == {
        "every": 1000, "seconds": 300.0, "keep": 3, "monitor": None, "mode": "min",
    }  # fmt: skip
    assert document["monitor"] == {"every": 250}
    assert document["objective"] == {
        "WGANGP": {
            "discriminator_steps": 5,
            "regularizers": [{"GradientPenalty": {"weight": 10.0}}],
            "ema": 0.999,
            "prior": {"Normal": {}},
            "augment": None,
            "replay": None,
            "top_k": None,
        }
    }
    assert document["optimizers"]["generator"]["Adam"]["beta_1"] == 0.9


def test_a_resolved_recipe_resolves_to_itself(written):
    plan = recipe.load(written(TOY), ["callbacks=[{SampleGrid: {every: 3}}, {EarlyStopping: {}}]"])
    again = recipe.load(written(plan.text()))
    assert again.document() == plan.document()
    assert again.text() == plan.text()


@pytest.mark.parametrize(
    ("override", "where", "value"),
    [
        ("steps=9", ["steps"], 9),
        ("objective.ema=0.5", ["objective", "WGANGP", "ema"], 0.5),
        ("objective.WGANGP.ema=0.5", ["objective", "WGANGP", "ema"], 0.5),
        ("optimizers.generator.learning_rate=0.1", ["optimizers", "generator", "Adam", "learning_rate"], 0.1),
        ("log.every=7", ["log", "every"], 7),
        ("objective={StandardGAN: {}}", ["objective", "StandardGAN", "discriminator_steps"], 1),
        ("dataset={SwissRoll}", ["dataset", "SwissRoll", "radius"], 2.0),
        ("callbacks=", ["callbacks"], []),
    ],
)
def test_overrides(written, override, where, value):
    found = recipe.load(written(TOY), [override]).document()
    for key in where:
        found = found[key]
    assert found == value


def test_overrides_reach_into_lists(written):
    path = written(TOY + "callbacks: [{SampleGrid: {}}, {SampleGrid: {seed: 1}}]\n")
    plan = recipe.load(path, ["callbacks.1.seed=2"])
    assert [spec["SampleGrid"]["seed"] for spec in plan.callbacks] == [0, 2]
    assert mistake(path, "callbacks.2.seed=2") == (
        "r.yaml: --set callbacks.2.seed: there are 2 entries, numbered from 0; '2' is none of them."
    )


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"", "r.yaml: expected a mapping of sections, got nothing."),
        (b"# nothing\n", "r.yaml: expected a mapping of sections, got nothing."),
        (b"- a\n", "r.yaml: expected a mapping of sections, got [a]."),
        (b"hello", "r.yaml: expected a mapping of sections, got the string 'hello'."),
        (b"\x89PNG\xff\xfe", "r.yaml: cannot be read: it is no UTF-8 text."),
        (b"name: a\x00", "r.yaml: not valid YAML: the character 0x00 is not allowed."),
        (b"name: [a\nsteps: 3\n", "r.yaml: not valid YAML: line 2, column 6: expected ',' or ']', but got ':'."),
        (b"seed: 2001-99-99", "r.yaml: not valid YAML: month must be in 1..12."),
        (b"seed: 1\nseed: 2\n", "r.yaml: not valid YAML: line 2, column 1: the key 'seed' is given twice."),
        (b"3: 1\n", "r.yaml: not valid YAML: line 1, column 1: the key 3 is no string."),
        (b"? [a]\n: 1\n", "r.yaml: not valid YAML: line 1, column 3: the key [...] is no string."),
        (b"log:\n\tevery: 1\n", "r.yaml: not valid YAML: line 2, column 1: a tab; indent with spaces."),
        (b"seed: " + b"9" * 5000, "r.yaml: not valid YAML: a number has too many digits."),
        (b"seed: !!set {a}\n", "r.yaml: not valid YAML: line 1, column 7: the tag !!set has no place in a recipe."),
        (b"a: &a [*a]\n", "r.yaml: not valid YAML: line 1, column 4: nested more than 20 deep."),
        (b"a: " + b"[" * 21 + b"]" * 21, "r.yaml: not valid YAML: line 1, column 23: nested more than 20 deep."),
        (b"a: " + b"[" * 9999, "r.yaml: not valid YAML: nested more than 20 deep."),
        (b"#" * 300_000, "r.yaml: expected a recipe, of at most 256 KB, got a larger file."),
        (b"name: a\n---\nname: b\n", "r.yaml: not valid YAML: line 2, column 1: another document; a recipe is one."),
        (b"name: x\n", "r.yaml: missing: dataset, objective, optimizers, steps, and the objective's networks."),
    ],
)
def test_files_that_are_no_recipe(written, content, line):
    assert mistake(written(content)) == line


def test_python_objects_are_not_made(written):
    line = mistake(written(TOY + "seed: !!python/object/apply:os.getpid []\n"))
    tag = "!!python/object/apply:os.getpid"
    assert line == f"r.yaml: not valid YAML: line 11, column 7: the tag {tag} has no place in a recipe."


def test_paths_that_hold_no_recipe(tmp_path):
    assert mistake("nowhere.yaml") == "nowhere.yaml: no such file."
    assert mistake("no\nwhere.yaml") == "no where.yaml: no such file."
    assert mistake(tmp_path) == f"{tmp_path}: expected a recipe's file, and this is a folder."


def test_anchors_are_written_out(written):
    text = TOY.replace("units: [8]", "units: &units [8]", 1).replace("units: [8]", "units: *units")
    plan = recipe.load(written(text))
    assert plan.document() == recipe.load(written(TOY)).document()
    assert "&" not in plan.text()


def test_anchors_cannot_stand_for_more_than_a_recipe_holds(written):
    lists = [f"a{i}: &a{i} [{', '.join(['x' if not i else f'*a{i - 1}'] * 10)}]\n" for i in range(9)]
    assert mistake(written("".join(lists))) == (
        "r.yaml: not valid YAML: line 5, column 5: its anchors stand for over 50000 values."
    )


def test_a_recipe_that_windows_wrote(written):
    assert recipe.load(written("\ufeff" + TOY.replace("\n", "\r\n"))).document() == recipe.load(written(TOY)).document()


RATE = "optimizers.generator.Adam.learning_rate"


@pytest.mark.parametrize(
    ("override", "says"),
    [
        ("batchsize=3", "batchsize: there is no such key; did you mean 'batch_size'?"),
        ("objective.discriminator_step=3", "objective.WGANGP.discriminator_step: there is no such key; did you mean 'discriminator_steps'?"),
        ("checkpoint.evry=3", "checkpoint.evry: there is no such key; did you mean 'every'?"),
        ("optimizers.critic={Adam: {}}", "optimizers.critic: there is no such key; there are 'discriminator', 'generator'."),
        ("objective={WGANPG: {}}", "objective: there is no 'WGANPG' here; did you mean 'WGANLP'?"),
        ("objective={MLPGenerator: {}}", "objective: there is no 'MLPGenerator' here; there are "),
        ("objective={GAN: {}}", "objective: there is no 'GAN' here; did you mean 'WGAN'?"),
        ("objective={WGAN: {}, WGANGP: {}}", "objective: expected one object, like {ClassName: {argument: value}}, got {WGAN: {}, WGANGP: {}}."),
        ("objective=WGANGP", "objective: expected one object, like {ClassName: {argument: value}}, got the string 'WGANGP'."),
        ("objective={WGANGP: [1]}", "objective.WGANGP: expected a mapping of arguments, got [1]."),
        ("dataset=", "dataset: expected one object, like {ClassName: {argument: value}}, got nothing."),
        ("dataset={ImageFolder: {}}", "dataset.ImageFolder.path: missing; ImageFolder needs it."),
        ("optimizers=", "optimizers: expected one object for each player, got nothing."),
        ("optimizers={generator: {Adam: {}}}", "optimizers: missing: discriminator."),
        ("steps=true", "steps: expected an integer from 1 to 2147483647, got true."),
        ("steps=3.0", "steps: expected an integer from 1 to 2147483647, got the number 3.0."),
        ("steps=", "steps: expected an integer from 1 to 2147483647, got nothing."),
        ("steps=0", "steps: expected an integer from 1 to 2147483647, got the number 0."),
        ("batch_size=-4", "batch_size: expected an integer from 1 to 1048576, got the number -4."),
        ("batch_size=10000000000", "batch_size: expected an integer from 1 to 1048576, got the number 10000000000."),
        ("seed=-1", "seed: expected an integer from 0 to 4294967295, got the number -1."),
        ("seed=4294967296", "seed: expected an integer from 0 to 4294967295, got the number 4294967296."),
        ("precision=float23", "precision: expected one of auto, float32, mixed_bfloat16, mixed_float16, got 'float23'."),
        ("name=a/b", "name: expected a name for a folder, got the string 'a/b'."),
        ("name=..", "name: expected a name for a folder, got the string '..'."),
        ("name=''", "name: expected a name for a folder, got the string ''."),
        ("generator.units=[true]", "generator.MLPGenerator.units: expected a list, each an integer from 1 to 65536, got [true]."),
        ("objective.ema=.nan", "objective.WGANGP.ema: expected a finite number, got nan."),
        ("objective.ema=9e-1", "objective.WGANGP.ema: expected a number in [0, 1), got the string '9e-1' (YAML reads a number only with a point and a sign, as in 9.0e-1)."),
        ("optimizers.generator.learning_rate=2e-4", f"{RATE}: expected a number of at least 0, got the string '2e-4' (YAML reads a number only with a point and a sign, as in 2.0e-4)."),
        ("optimizers.generator.learning_rate=true", f"{RATE}: expected a number of at least 0, got true."),
        ("optimizers.generator.learning_rate=-1.0", f"{RATE}: expected a number of at least 0, got the number -1.0."),
        ("optimizers.generator.learning_rate=.inf", f"{RATE}: expected a finite number, got inf."),
        ("optimizers.generator.learning_rate=[1, 2]", f"{RATE}: expected a number of at least 0, got [1, 2]."),
        ("optimizers.generator.learning_rate={CosineDecay: {initial_learning_rate: [0.1], decay_steps: 9}}", f"{RATE}.CosineDecay.initial_learning_rate: expected a number of at least 0, got [0.1]."),
        ("optimizers.generator.learning_rate={CosineDecay: {initial_learning_rate: 0.1, decay_steps: 2.5}}", f"{RATE}.CosineDecay.decay_steps: expected an integer of at least 1, got the number 2.5."),
        ("optimizers.generator.learning_rate={PiecewiseConstantDecay: {boundaries: [a], values: [1, 2]}}", f"{RATE}.PiecewiseConstantDecay.boundaries: expected a list, each a number of at least 0, got [a]."),
        ("monitor.every=-1", "monitor.every: expected an integer of at least 0, got the number -1."),
        ("objective={StandardGAN: {adversarial_loss: [{Minimax: {}}]}}", "objective.StandardGAN.adversarial_loss: expected an object, like {AdversarialLoss: {}}, got [{Minimax: {}}]."),
        ("optimizers.generator.learning_rate=[{CosineDecay: {}}]", f"{RATE}: expected a number of at least 0, got [{{CosineDecay: {{}}}}]."),
        ("optimizers.generator.learning_rate={CosinDecay: {}}", f"{RATE}: there is no 'CosinDecay' here; did you mean 'CosineDecay'?"),
        ("optimizers.generator.learning_rate={CosineDecay: {}}", f"{RATE}.CosineDecay.initial_learning_rate: missing; CosineDecay needs it."),
        ("optimizers.generator.clipnorm=abc", "optimizers.generator.Adam.clipnorm: expected a number above 0 or null, got the string 'abc'."),
        ("objective.regularizers={GradientPenalty: {}}", "objective.WGANGP.regularizers: expected a list, each an object"),
        ("objective.regularizers=[{GradientPenatly: {}}]", "objective.WGANGP.regularizers.0: there is no 'GradientPenatly' here; did you mean 'GradientPenalty'?"),
        ("callbacks={SampleGrid: {}}", "callbacks: expected a list of objects, got {SampleGrid: {}}."),
        ("callbacks=[SampleGrid]", "callbacks.0: expected one object"),
        ("callbacks=[{SampleGrid: {count: 2.5}}]", "callbacks.0.SampleGrid.count: expected an integer from 1 to 10000, got the number 2.5."),
        ("callbacks=[{Checkpoint: {}}]", "callbacks.0: every run has a Checkpoint; its arguments go into the section 'checkpoint'."),
        ("callbacks=[{ModelCheckpoint: {filepath: x}}]", "callbacks.0: there is no 'ModelCheckpoint' here; "),
        ("callbacks=[{SampleGrid: {folder: ../up}}]", "callbacks.0.SampleGrid.folder: expected a path inside the run folder, got the string '../up'."),
        ("callbacks=[{SampleGrid: {folder: checkpoints}}]", "callbacks.0.SampleGrid.folder: expected another name than checkpoints, which every run has for itself."),
        ("log.file=/tmp/log.jsonl", "log.file: expected nothing, for it is settled by the run; leave it out."),
        ("callbacks=[{SampleGrid: {folder: /tmp}}]", "callbacks.0.SampleGrid.folder: expected a path inside the run folder, got the string '/tmp'."),
        ("callbacks=[{SampleGrid: {count: 100000}}]", "callbacks.0.SampleGrid.count: expected an integer from 1 to 10000, got the number 100000."),
        ("callbacks=[{EarlyStopping: {patience: -1}}]", "callbacks.0.EarlyStopping.patience: expected a number of at least 0, got the number -1."),
        ("objective.discriminator_steps=1001", "objective.WGANGP.discriminator_steps: expected an integer from 1 to 1000, got the number 1001."),
        ("objective.generator={MLPGenerator: {}}", "objective.WGANGP.generator: expected nothing, for it is settled by the run; leave it out."),
        ("objective.ema=1.0", "objective.WGANGP.ema: expected a number in [0, 1), got the number 1.0."),
        ("log.every=0", "log.every: expected an integer of at least 1, got the number 0."),
        ("checkpoint.keep=0", "checkpoint.keep: expected an integer of at least 1, got the number 0."),
        ("encoder={MLPEncoder: {}}", "encoder: WGANGP has no such network; its networks are generator, discriminator."),
        ("discriminatr={MLPDiscriminator: {}}", "discriminatr: there is no such key; did you mean 'discriminator'?"),
        ("format=3", "format: expected an integer from 1 to 2, got the number 3."),
        ("log.dataset_size=3", "log.dataset_size: expected nothing, for it is settled by the run; leave it out."),
        ("optimizers.generator.beta_1=1.0", "optimizers.generator.Adam.beta_1: expected a number in [0, 1), got the number 1.0."),
        ("optimizers.generator.clipnorm=0", "optimizers.generator.Adam.clipnorm: expected a number above 0 or null, got the number 0."),
        ("optimizers.generator.LEARNING_RATE=0", "optimizers.generator.Adam.LEARNING_RATE: there is no such key; did you mean 'learning_rate'?"),
        ("name=2001-12-14", "name: expected a string, got the date 2001-12-14 (write it in quotes)."),
        ("name=' a'", "name: expected a name for a folder, got the string ' a'."),
        ("seed=0x" + "f" * 9999, "seed: expected a number from -9223372036854775807 to 9223372036854775807, got a number of about 12040 digits."),
        ('"\\e[31m"=1', '"\\e[31m": there is no such key; there are '),
        ("objective" + ".a" * 99 + "=1", "--set: expected KEY.PATH=VALUE, got 'objective.a.a.a"),
        ("objective.ema", "--set: expected KEY.PATH=VALUE, got 'objective.ema'."),
        ("objective..ema=3", "--set: expected KEY.PATH=VALUE, got 'objective..ema=3'."),
        ("steps.x=3", "--set steps.x: steps has nothing inside it."),
        ("steps=[", "--set steps: the value is not valid YAML: line 1, column 2: "),
    ],
)  # fmt: skip
def test_mistakes_are_named_by_their_path(written, override, says):
    line = mistake(written(TOY), override)
    assert line.startswith(f"r.yaml: {says}")


def test_what_a_constructor_refuses_is_named_by_its_section(written):
    plan = recipe.load(written(TOY), ["dataset.size=0"])
    with pytest.raises(recipe.RecipeError, match="^r.yaml: dataset: size is 0; expected a whole number"):
        plan.build("dataset", plan.dataset)


def test_nested_objects_are_built(written):
    schedule = "optimizers.generator.learning_rate={CosineDecay: {initial_learning_rate: 0.1, decay_steps: 10}}"
    plan = recipe.load(written(TOY), [schedule])
    optimizer = plan.build("optimizers.generator", plan.optimizers["generator"], name="mine")
    assert optimizer.name == "mine"
    assert float(optimizer.learning_rate) == pytest.approx(0.1)


def test_the_first_difference_is_found():
    a = yaml.safe_load(TOY)
    assert recipe.difference(a, a) is None
    b = yaml.safe_load(TOY.replace("[8]", "[9]"))
    assert recipe.difference(a, b) == ("generator.MLPGenerator.units.0", 8, 9)
    assert recipe.difference({"a": 1}, {"a": 1, "b": 2}) == ("b", None, 2)
    assert recipe.difference([1], [1, 2]) == ("", [1], [1, 2])


def test_tricks_are_objects_of_rooms_of_their_own(written):
    tricks = {
        "augment": "{InstanceNoise: {stddev: 0.2}}", "replay": "{Replay: {share: 0.25}}", "top_k": "{TopK: {}}",
    }  # fmt: skip
    plan = recipe.load(written(TOY), [f"objective.{name}={value}" for name, value in tricks.items()])
    assert plan.objective["WGANGP"]["augment"] == {"InstanceNoise": {"stddev": 0.2, "decay_steps": 10_000}}
    assert plan.objective["WGANGP"]["replay"] == {"Replay": {"capacity": 3200, "share": 0.25}}
    rate = "{TwoTimescale: {exponent: 0.9}}"
    plan = recipe.load(written(TOY), [f"optimizers.generator.learning_rate={rate}"])
    wanted = {"TwoTimescale": {"initial": 0.001, "exponent": 0.9, "half_life": 1000.0}}
    assert plan.optimizers["generator"]["Adam"]["learning_rate"] == wanted
    with pytest.raises(recipe.RecipeError, match="there is no 'InstantNoise' here; did you mean 'InstanceNoise'"):
        recipe.load(written(TOY), ["objective.augment={InstantNoise: {}}"])
    with pytest.raises(recipe.RecipeError, match="objective.InfoGAN.replay: there is no such key"):
        recipe.load(written(TOY), ["objective={InfoGAN: {replay: {Replay: {}}}}"])
