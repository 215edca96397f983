"""What must hold of every objective: a new one is covered the moment it is exported."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import kgan
from kgan import configurable, objectives, regularizers
from kgan.regularizers import GradientPenalty, WeightDecay
from kgan.runs import checkpoint
from tests import casts
from tests.conftest import networks, numbers

CONTRACTS = {"GAN", "Game", "LatentVariableModel"}
GAMES = [getattr(objectives, name) for name in objectives.__all__ if name not in CONTRACTS]
OBJECTIVES = [cls for cls in GAMES if issubclass(cls, kgan.objectives.GAN)]
BASELINES = [cls for cls in GAMES if cls not in OBJECTIVES]
PENALTIES = [getattr(regularizers, name) for name in regularizers.__all__ if name != "Regularizer"]

# One of those that share a train_step stands for all; what belongs to `Game` alone is seen on two.
ALGORITHMS = list({cls.train_step: cls for cls in reversed(OBJECTIVES)}.values())
ENGINE = [kgan.StandardGAN, kgan.WGANGP]
# Of each family of steps one: a critic with a penalty, heads, both players at once, no discriminator, two domains.
FAMILIES = [kgan.WGANGP, kgan.ACGAN, kgan.ConsensusGAN, kgan.VAE, kgan.GaussianSampler, kgan.CycleGAN]
LEARNERS = [cls for cls in GAMES if cls.players]
PLAIN = [kgan.StandardGAN, kgan.WGAN, kgan.WGANGP, kgan.WGANLP]


def of(fast, name=None, values=(None,), among=OBJECTIVES):
    """Runs a test for the games `fast` always, for the others of `among` with `-m slow`.

    With values of an argument: the first one for `fast`, the others for `ENGINE`.
    """
    cases = []
    for cls in [*among, *(cls for cls in fast if cls not in among)]:
        for place, value in enumerate(values):
            marks = () if cls in (fast if place == 0 else ENGINE) else pytest.mark.slow
            given = [cls] if name is None else [cls, value]
            cases.append(pytest.param(*given, marks=marks, id="-".join([cls.__name__, *([value] if name else [])])))
    return pytest.mark.parametrize(["objective"] if name is None else ["objective", name], cases)


@pytest.fixture
def toy(toy):
    """Two discriminator updates show all that five would, and are traced sooner; so do two unrolled steps.

    With all penalties at once consensus optimisation needs a small weight to stay finite.
    """
    few = {"discriminator_steps": 2, "unroll_steps": 2, "consensus_weight": 0.1}

    def make(objective, *positional, **options):
        known = {"compiled", *configurable.arguments(objective)}
        judged = [set(objective.takes[judge]) <= {"images", "labels"} for judge in objective.judges]
        if "regularizers" in options and not (judged and all(judged)):  # penalties look at discriminators of examples
            options["regularizers"] = [WeightDecay(1e-3)]
        return toy(objective, *positional, **{name: value for name, value in (few | options).items() if name in known})

    return make


@pytest.fixture
def ring(ring, objective):
    """The points; with labels where the objective needs them; else as its cast has data."""
    cast = casts.of(objective)
    if hasattr(cast, "data"):
        return cast.data(ring)
    return (ring, np.arange(160) % 4) if objective is kgan.ACGAN else ring


def first(ring, count=None):
    """Some of the data as arguments of `fit`."""
    return tf.nest.map_structure(lambda part: part[:count], ring if isinstance(ring, tuple) else (ring,))


def latents(gan, count):
    z = np.zeros([count, gan.latent_dim], "float32")
    if len(gan.drawn_from.roles) > 1:
        return {"latents": z, "index": np.zeros([count], "int32")}
    return [z, np.zeros([count], "int32")] if gan.conditional else z


def samples(gan, count):
    if gan.products[0].verb == "map":
        return gan.map(np.linspace(-1, 1, 2 * count).reshape(count, 2).astype("float32"))
    return gan.sample(count, labels=0 if gan.conditional else None)


def batches(x, size=20):
    options = tf.data.Options()
    options.autotune.enabled = False  # the tuner makes every `fit` wait at its end
    return tf.data.Dataset.from_tensor_slices(x).batch(size, drop_remainder=True).with_options(options)


def equal(one, other):
    for a, b in zip(numbers(one), numbers(other), strict=True):
        np.testing.assert_array_equal(a, b)


@of([cls for cls in FAMILIES if cls in OBJECTIVES])
def test_fit_learns_something_finite(toy, ring, objective):
    gan = toy(objective)
    before = numbers(gan)
    history = gan.fit(batches(ring), epochs=2, verbose=0).history
    assert set(history) == {metric.name for metric in gan.metrics} >= {"d_loss", "g_loss"}
    assert np.isfinite([value for values in history.values() for value in values]).all()
    for network in (gan.generator, gan.discriminator, gan.ema_generator):
        assert any(not np.array_equal(a, w.numpy()) for a, w in zip(before, gan.weights, strict=False)), network.name


@pytest.mark.few(2)
@of([*ENGINE, *BASELINES])
def test_the_same_twice_is_bitwise_the_same(toy, ring, objective):
    one, other = toy(objective), toy(objective)
    other.set_weights(one.get_weights())
    for gan in (one, other):
        gan.fit(batches(ring), epochs=2, verbose=0)
    equal(one, other)


@of(FAMILIES, "way", ["weights", "keras"], among=GAMES)
def test_saved_and_loaded_it_goes_on_bitwise(toy, ring, objective, tmp_path, way):
    gan = toy(objective, regularizers=[GradientPenalty(3.0)])
    gan.fit(batches(ring), epochs=1, verbose=0)
    if way == "keras":
        gan.save(tmp_path / "gan.keras")
        loaded = keras.models.load_model(tmp_path / "gan.keras")
    else:
        gan.save_weights(tmp_path / "gan.weights.h5")
        loaded = toy(objective, regularizers=[GradientPenalty(3.0)])
        loaded.load_weights(tmp_path / "gan.weights.h5")
    assert type(loaded) is objective and loaded.get_config() == type(gan).from_config(gan.get_config()).get_config()
    equal(gan, loaded)
    np.testing.assert_array_equal(samples(gan, 4), samples(loaded, 4))
    for game in (gan, loaded):
        game.fit(batches(ring), epochs=1, verbose=0)
    equal(gan, loaded)


@pytest.mark.few(2)
@of([*ENGINE, *BASELINES, kgan.ACGAN])
def test_without_optimizers_it_is_saved_and_served_all_the_same(ring, objective, tmp_path):
    gan = objective(*networks(objective))
    gan.save(tmp_path / "gan.keras")
    gan.save_weights(tmp_path / "gan.weights.h5")
    checkpoint.save(gan, tmp_path / "checkpoints", {})
    other = objective(*networks(objective))
    other.load_weights(tmp_path / "gan.weights.h5")
    loaded = keras.models.load_model(tmp_path / "gan.keras")
    for game in (other, loaded, kgan.load(tmp_path / "gan.keras"), kgan.load(tmp_path)):
        assert type(game) is objective and not game.compiled
        np.testing.assert_array_equal(samples(game, 4), samples(gan, 4))
    served = kgan.load(loaded.export(tmp_path / "served"))
    np.testing.assert_allclose(samples(served, 4), samples(gan, 4), atol=1e-5)
    loaded.compile(**{f"{player}_optimizer": "adam" for player in loaded.players})
    assert np.isfinite([*loaded.fit(batches(ring), verbose=0).history.values()]).all()


@pytest.mark.few(4)
@of([*ENGINE, *BASELINES])
@pytest.mark.parametrize("compiled", [{"steps_per_execution": 4}, {"run_eagerly": True}])
def test_executions_of_several_steps_and_eager_ones_equal_the_compiled_step(toy, ring, objective, compiled):
    one, other = toy(objective), toy(objective, compiled=compiled)
    other.set_weights(one.get_weights())
    for gan in (one, other):
        gan.fit(batches(ring), epochs=1, verbose=0)
    for a, b in zip(numbers(one), numbers(other), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-5)


@pytest.mark.few(1)
@of(ENGINE)
def test_jit_compiled_steps_learn(toy, ring, objective):
    gan = toy(objective, discriminator_steps=1, compiled={"jit_compile": True})
    history = gan.fit(batches(ring), epochs=1, verbose=0).history
    assert np.isfinite(history["d_loss"]).all()
    assert gan.step.numpy() == 8


@of(ENGINE)
def test_jit_with_an_unknown_batch_size_says_what_it_needs(toy, ring, objective):
    if "discriminator_steps" not in configurable.arguments(objective):
        pytest.skip("one update, for which nothing is divided")
    gan = toy(objective, compiled={"jit_compile": True})
    with pytest.raises(ValueError, match="drop_remainder=True"):
        gan.fit(*first(ring), batch_size=48, verbose=0)


@of(ENGINE)
def test_train_and_test_on_batch(toy, ring, objective):
    gan = toy(objective)
    logs = gan.train_on_batch(*first(ring, 20), return_dict=True)
    assert set(logs) == {metric.name for metric in gan.metrics} and gan.step.numpy() == 1
    before = numbers(gan)
    assert np.isfinite(list(gan.test_on_batch(*first(ring, 20), return_dict=True).values())).all()
    for a, b in zip(before, numbers(gan), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.few(6)
@of(ALGORITHMS, among=LEARNERS)
def test_an_optimizer_moves_its_own_network_alone(toy, ring, objective):
    gan = toy(objective)
    for player in gan.players:
        gan.compile(**{f"{name}_optimizer": keras.optimizers.SGD(0.1 * (name == player)) for name in gan.players})
        before = {name: [weight.numpy() for weight in getattr(gan, name).trainable_weights] for name in gan.players}
        gan.train_on_batch(*first(ring, 20))
        for name, values in before.items():
            pairs = zip(values, getattr(gan, name).trainable_weights, strict=True)
            assert any(not np.array_equal(a, b.numpy()) for a, b in pairs) == (name == player)


@pytest.mark.few(1)
@of(ENGINE)
def test_validation_data_evaluate_and_predict(toy, ring, objective):
    gan = toy(objective)
    history = gan.fit(batches(ring), validation_data=batches(ring), epochs=2, verbose=0).history
    assert len(history["val_d_loss"]) == 2
    assert len(gan.evaluate(*first(ring), batch_size=20, verbose=0)) == len(gan.metrics)
    assert gan.predict(latents(gan, 7), verbose=0).shape == (7, 2)
    split = toy(objective).fit(*first(ring), validation_split=0.25, batch_size=20, verbose=0).history
    assert "val_g_loss" in split


@of(OBJECTIVES)
def test_the_configuration_round_trips(toy, objective):
    gan = toy(objective, ema=0.5, prior="uniform", seed=7, discriminator_steps=3)
    again = objective.from_config(gan.get_config())
    assert again.get_config() == gan.get_config() and again.ema == 0.5 and type(again.prior) is kgan.priors.Uniform
    assert again.discriminator_steps == (3 if "discriminator_steps" in configurable.arguments(objective) else 1)
    assert again.generator.get_config() == gan.generator.get_config()


@pytest.mark.few(2)
@of(ENGINE, among=LEARNERS)
def test_a_learning_rate_of_zero_moves_nothing(toy, ring, objective):
    gan = toy(objective, lambda: keras.optimizers.SGD(0.0))
    before = [weight.numpy() for weight in gan.trainable_weights]
    gan.fit(batches(ring), verbose=0)
    for old, weight in zip(before, gan.trainable_weights, strict=True):
        np.testing.assert_array_equal(old, weight.numpy())


@of([kgan.WGANGP, kgan.CycleGAN], "optimizer", ["SGD", "Adam"], among=GAMES)
def test_two_replicas_equal_one_device(toy, ring, replicas, objective, optimizer):
    """Weights with SGD; with Adam, which amplifies the rounding, the losses.

    Every penalty is included for the games with one score and one loss. With several heads or losses a rounding that
    takes an example over the kink of a leaky ReLU, where a penalty's gradient jumps, shows in the fifth digit.
    """
    make = {"SGD": lambda: keras.optimizers.SGD(0.003), "Adam": lambda: keras.optimizers.Adam(1e-3)}[optimizer]
    penalties = {"regularizers": [cls(1.0) for cls in PENALTIES]} if optimizer == "SGD" and objective in PLAIN else {}
    one = toy(objective, make, **penalties)
    with replicas.scope():
        two = toy(objective, make, **penalties)
    two.set_weights(one.get_weights())
    logs = [gan.fit(batches(ring, 40), epochs=5, verbose=0).history for gan in (one, two)]
    assert one.step.numpy() == two.step.numpy() == 20
    if optimizer == "SGD":
        for a, b in zip(one.weights, two.weights, strict=True):
            np.testing.assert_allclose(a.numpy(), b.numpy(), atol=3e-6)
    for name, values in logs[0].items():
        assert np.isfinite(values).all()
        np.testing.assert_allclose(values, logs[1][name], rtol=1e-4, atol=1e-6)


@of(ENGINE)
def test_compile_refuses_what_would_go_wrong_silently(toy, replicas, objective):
    gan = toy(objective)
    shared = keras.optimizers.Adam()
    for arguments, sentence in [
        ({"generator_optimizer": "adam"}, "needs discriminator_optimizer="),
        ({"generator_optimizer": "adam", "discriminator_optimizer": "adam", "loss": "mse"}, "got 'loss'"),
        ({"generator_optimizer": shared, "discriminator_optimizer": shared}, "share one optimizer"),
        ({"generator_optimizer": gan.discriminator_optimizer, "discriminator_optimizer": "adam"}, "another network"),
    ]:
        with pytest.raises(ValueError, match=sentence):
            gan.compile(**arguments)
    with replicas.scope():
        mirrored = toy(objective)
        with pytest.raises(ValueError, match="clipnorm clips each replica's gradient"):
            mirrored.compile(generator_optimizer=keras.optimizers.Adam(clipnorm=1.0), discriminator_optimizer="adam")
    with pytest.raises(ValueError, match="outside the scope of the strategy"):
        mirrored.compile(generator_optimizer="adam", discriminator_optimizer="adam")


def stock_callbacks(tmp_path, loss):
    callbacks = keras.callbacks
    yield callbacks.BackupAndRestore(tmp_path / "backup")
    yield callbacks.CSVLogger(tmp_path / "log.csv")
    yield callbacks.EarlyStopping(monitor=loss, mode="min", patience=0, restore_best_weights=True)
    yield callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: None)
    yield callbacks.LearningRateScheduler(lambda epoch, rate: rate * 0.5)
    yield callbacks.ModelCheckpoint(tmp_path / "best.keras", monitor=loss, mode="min", save_best_only=True)
    yield callbacks.ModelCheckpoint(tmp_path / "{epoch}.weights.h5", save_weights_only=True, save_freq=2)
    yield callbacks.ReduceLROnPlateau(monitor=loss, mode="min", patience=1, min_delta=1e9)
    yield callbacks.TensorBoard(tmp_path / "tensorboard", update_freq=1)
    yield callbacks.TerminateOnNaN()
    yield callbacks.ProgbarLogger()


@pytest.mark.few(1)
@of(ENGINE, among=LEARNERS)
def test_stock_callbacks(toy, ring, objective, tmp_path):
    gan = toy(objective)
    for callback in stock_callbacks(tmp_path, gan.reports[0]):
        before = [float(optimizer.learning_rate) for optimizer in gan.optimizer.optimizers]
        gan.fit(batches(ring), epochs=2, callbacks=[callback], verbose=0)
        after = [float(optimizer.learning_rate) for optimizer in gan.optimizer.optimizers]
        # Both players follow a callback that sets the learning rate.
        factor = {"LearningRateScheduler": 0.25, "ReduceLROnPlateau": 0.1}.get(type(callback).__name__, 1.0)
        assert after == pytest.approx([rate * factor for rate in before])
    assert (tmp_path / "best.keras").exists() and (tmp_path / "1.weights.h5").exists()
    assert samples(keras.models.load_model(tmp_path / "best.keras"), 3).shape == (3, 2)


@of(ENGINE)
def test_swap_ema_weights(toy, ring, objective):
    gan = toy(objective, lambda: keras.optimizers.Adam(1e-3, use_ema=True))
    gan.fit(batches(ring), epochs=2, callbacks=[keras.callbacks.SwapEMAWeights()], verbose=0)
    assert all(np.isfinite(weight.numpy()).all() for weight in gan.trainable_weights)


@pytest.mark.few(2)
@of(ENGINE, among=LEARNERS)
@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_mixed_precision_keeps_master_weights_and_average_in_float32(ring, objective, policy):
    from kgan import precision

    with precision.policy(policy):
        gan = objective(*networks(objective))
    gan.compile(**{f"{player}_optimizer": "adam" for player in gan.players})
    wrapped = [isinstance(o, keras.optimizers.LossScaleOptimizer) for o in gan.optimizer.optimizers]
    assert wrapped == [policy == "mixed_float16"] * len(gan.players)
    history = gan.fit(batches(ring), epochs=2, verbose=0).history
    assert np.isfinite(history[gan.reports[0]]).all()
    assert {weight.dtype for weight in gan.trainable_weights} == {"float32"}
    assert hidden(gan).compute_dtype != "float32"
    for name in gan.averaged:
        assert {layer.compute_dtype for layer in gan.averaged_network(name)._flatten_layers()} == {"float32"}
    again = type(gan).from_config(gan.get_config())
    assert hidden(again).compute_dtype == hidden(gan).compute_dtype


def hidden(gan):
    """The first player's first layer with weights."""
    return next(layer for layer in getattr(gan, gan.players[0]).layers if layer.weights)
