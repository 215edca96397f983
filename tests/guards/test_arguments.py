"""Every argument that Keras' methods accept works, or is refused in a sentence."""

import inspect

import keras
import numpy as np
import pytest
import tensorflow as tf

import kgan

L = keras.layers
X = np.random.default_rng(0).normal(size=(32, 2)).astype("float32")
Y = np.arange(32) % 2


def game(**options):
    gan = kgan.StandardGAN(
        keras.Sequential([keras.Input([3]), L.Dense(2)]), keras.Sequential([keras.Input([2]), L.Dense(1)])
    )
    gan.compile(generator_optimizer="sgd", discriminator_optimizer="sgd", **options)
    return gan


REFUSED = "class_weight and sample_weight have no meaning in a game"


def steps(**options):
    """The steps that `fit` makes with these options."""
    gan = game()
    gan.fit(X, batch_size=8, verbose=0, **options)
    return int(gan.step.numpy())


FIT = {
    "x": lambda: steps() == 4,
    "y": lambda: int(fitted(X, Y).step.numpy()) == 1,
    "batch_size": lambda: steps() == 4,
    "epochs": lambda: steps(epochs=3) == 12,
    "verbose": lambda: steps() == 4,
    "callbacks": lambda: called() == 4,
    "validation_split": lambda: steps(validation_split=0.5) == 2,
    "validation_data": lambda: "val_d_loss" in game().fit(X, validation_data=(X,), verbose=0).history,
    "shuffle": lambda: digest(shuffle=False) == digest(shuffle=False) != digest(shuffle=True),
    "class_weight": lambda: refused(lambda: game().fit(X, Y, class_weight={0: 0.0, 1: 1.0}, verbose=0)),
    "sample_weight": lambda: refused(lambda: game().fit(X, Y, sample_weight=np.ones(32), verbose=0)),
    "initial_epoch": lambda: steps(epochs=3, initial_epoch=2) == 4,
    "steps_per_epoch": lambda: steps(steps_per_epoch=2) == 2,
    "validation_steps": lambda: batches_of_tests(validation_steps=2) == 2,
    "validation_batch_size": lambda: batches_of_tests(validation_batch_size=16) == 2,
    "validation_freq": lambda: batches_of_tests(epochs=2, validation_freq=2, validation_batch_size=32) == 1,
}
EVALUATE = {
    "x": lambda: np.isfinite(game().evaluate(X, verbose=0)).all(),
    "y": lambda: np.isfinite(game().evaluate(X, Y, verbose=0)).all(),
    "batch_size": lambda: evaluated(batch_size=8) == 4,
    "verbose": lambda: True,
    "sample_weight": lambda: refused(lambda: game().evaluate(X, Y, sample_weight=np.ones(32), verbose=0)),
    "steps": lambda: evaluated(batch_size=8, steps=2) == 2,
    "callbacks": lambda: evaluated(batch_size=16) == 2,
    "return_dict": lambda: set(game().evaluate(X, return_dict=True, verbose=0)) == {"d_loss", "g_loss"},
    "kwargs": lambda: unknown(lambda: game().evaluate(X, verbose=0, nonsense=1)),
}
ON_BATCH = {
    "sample_weight": lambda: all(
        refused(lambda method=method: method(X, Y, sample_weight=np.ones(32)))
        for method in (game().train_on_batch, game().test_on_batch)
    ),
    "class_weight": lambda: refused(lambda: game().train_on_batch(X, Y, class_weight={0: 0.0, 1: 1.0})),
    "return_dict": lambda: set(game().train_on_batch(X, return_dict=True)) == {"d_loss", "g_loss"},
}
PREDICT = {
    "x": lambda: game().predict(np.zeros([5, 3]), verbose=0).shape == (5, 2),
    "batch_size": lambda: predicted(batch_size=1) == 5,
    "verbose": lambda: True,
    "steps": lambda: predicted(batch_size=1, steps=2) == 2,
    "callbacks": lambda: predicted(batch_size=5) == 1,
}


def fitted(*data):
    gan = game()
    gan.fit(*data, verbose=0)
    return gan


def count(hook):
    counted = []
    return counted, keras.callbacks.LambdaCallback(**{hook: lambda batch, logs: counted.append(1)})


def called():
    counted, callback = count("on_train_batch_end")
    game().fit(X, batch_size=8, verbose=0, callbacks=callback)
    return len(counted)


class Batches(keras.callbacks.Callback):
    def __init__(self):
        super().__init__()
        self.tests = self.predictions = 0

    def on_test_batch_end(self, batch, logs=None):
        self.tests += 1

    def on_predict_batch_end(self, batch, logs=None):
        self.predictions += 1


def batches_of_tests(**options):
    batches = Batches()
    game().fit(X, batch_size=8, verbose=0, validation_data=(X,), callbacks=[batches], **options)
    return batches.tests


def evaluated(**options):
    batches = Batches()
    game().evaluate(X, verbose=0, callbacks=[batches], **options)
    return batches.tests


def predicted(**options):
    batches = Batches()
    game().predict(np.zeros([5, 3]), verbose=0, callbacks=[batches], **options)
    return batches.predictions


def digest(**options):
    keras.utils.set_random_seed(0)
    gan = game()
    gan.fit(X, batch_size=8, verbose=0, **options)
    return np.concatenate([weight.ravel() for weight in gan.get_weights()]).tobytes()


def refused(action):
    with pytest.raises(ValueError, match=REFUSED):
        action()
    return True


def unknown(action):
    with pytest.raises((ValueError, TypeError)):
        action()
    return True


@pytest.mark.few(6)
@pytest.mark.parametrize("name", [n for n in inspect.signature(keras.Model.fit).parameters if n != "self"])
def test_fit(name):
    assert FIT[name]()


@pytest.mark.parametrize("name", [n for n in inspect.signature(keras.Model.evaluate).parameters if n != "self"])
def test_evaluate(name):
    assert EVALUATE[name]()


@pytest.mark.parametrize("name", [n for n in inspect.signature(keras.Model.predict).parameters if n != "self"])
def test_predict(name):
    assert PREDICT[name]()


@pytest.mark.parametrize("name", ON_BATCH)
def test_on_batch(name):
    assert ON_BATCH[name]()


@pytest.mark.few(3)
@pytest.mark.parametrize("name", [n for n in inspect.signature(keras.Model.compile).parameters if n != "self"])
def test_compile(name):
    values = {"run_eagerly": True, "jit_compile": True, "steps_per_execution": 2}
    if name in values:
        gan = game(**{name: values[name]})
        gan.fit(X, batch_size=8, verbose=0, shuffle=False)
        assert gan.step.numpy() == 4 and getattr(gan, name) == values[name]
    else:
        with pytest.raises(
            ValueError, match=f"compile takes generator_optimizer, discriminator_optimizer; got '{name}'"
        ):
            game(**{name: "adam"})


def test_weights_in_a_data_set_are_refused_too():
    data = tf.data.Dataset.from_tensor_slices((X, Y, np.ones(32, "float32"))).batch(8)
    refused(lambda: game().fit(data, verbose=0, shuffle=False))
    refused(lambda: game().evaluate(data, verbose=0))


@keras.saving.register_keras_serializable("tests")
class Boosted(kgan.WGANGP):
    """A subclass that names what it adds and hands on the rest."""

    def __init__(self, generator, discriminator, boost=1.0, **options):
        super().__init__(generator, discriminator, **options)
        self.boost = boost


def test_a_subclass_that_hands_on_its_options_keeps_them_in_its_configuration(tmp_path):
    generator = keras.Sequential([keras.Input([3]), L.Dense(2)])
    critic = keras.Sequential([keras.Input([2]), L.Dense(1)])
    gan = Boosted(generator, critic, boost=2.0, discriminator_steps=2, ema=0.0, prior="uniform", seed=7)
    gan.save(tmp_path / "game.keras")
    again = keras.models.load_model(tmp_path / "game.keras")
    assert (again.boost, again.discriminator_steps, again.ema, again.seed) == (2.0, 2, 0.0, 7)
    assert isinstance(again.prior, kgan.priors.Uniform)


BATCHED = tf.data.Dataset.from_tensor_slices(X).batch(8)
USELESS = [
    (BATCHED, {"batch_size": 8}, "batch_size= goes with arrays; a data set is batched already"),
    (X, {"validation_data": BATCHED, "validation_batch_size": 8}, "validation_batch_size= goes with arrays"),
    (X, {"validation_steps": 2}, "validation_steps= needs validation_data= or validation_split="),
    (X, {"validation_freq": 2}, "validation_freq= needs validation_data="),
    (X, {"validation_batch_size": 2}, "validation_batch_size= needs validation_data="),
    (X, {"steps_per_epoch": 0}, "steps_per_epoch must be at least 1; got 0"),
    (X, {"batch_size": 0}, "batch_size must be at least 1; got 0"),
    (X, {"validation_split": 0.5, "validation_batch_size": -1}, "validation_batch_size must be at least 1"),
]


@pytest.mark.parametrize(("x", "options", "says"), USELESS)
def test_what_would_not_be_used_is_refused(x, options, says):
    with pytest.raises(ValueError, match=f"^{says}"):
        game().fit(x, verbose=0, shuffle=False, **options)


def test_what_is_used_is_not_refused():
    held_out = {"validation_data": BATCHED, "validation_steps": 2, "validation_freq": 1}
    game().fit(BATCHED, verbose=0, shuffle=False, **held_out)
    assert steps(validation_split=0.5, validation_steps=1, validation_batch_size=4, validation_freq=1) == 2


def test_batches_of_a_data_set_are_not_cut_again_in_evaluate():
    with pytest.raises(ValueError, match="batch_size= goes with arrays"):
        game().evaluate(BATCHED, batch_size=4, verbose=0)


@pytest.mark.parametrize("wrong", [0, -1, 1.5, True])
def test_steps_per_execution_is_a_whole_number(wrong):
    with pytest.raises(ValueError, match="steps_per_execution is .*; expected a whole number of at least 1"):
        game(steps_per_execution=wrong)


@pytest.mark.parametrize("options", [{"initial_epoch": 3, "epochs": 3}, {"epochs": 0}])
def test_no_epoch_is_said(options):
    gan = game()
    with pytest.warns(UserWarning, match="fit trains nothing: it begins with initial_epoch=") as said:
        gan.fit(X, verbose=0, **options)
    assert len(said) == 1 and said[0].filename == __file__ and gan.step.numpy() == 0


def test_compile_says_by_which_names_it_takes_optimizers():
    gan = game()
    for given in (("adam",), ("adam", "adam")):
        with pytest.raises(ValueError, match='compile.generator_optimizer="adam", discriminator_optimizer="adam".'):
            gan.compile(*given)
    with pytest.raises(ValueError, match="takes generator_optimizer, discriminator_optimizer; got 'optimizer'"):
        gan.compile(optimizer="adam")


def test_label_smoothing_is_told_by_its_name_here():
    for objective, says in (
        (kgan.StandardGAN, r"adversarial_loss=kgan.losses.NonSaturating\(real_labels=0.9\)"),
        (kgan.LSGAN, r"adversarial_loss=kgan.losses.LeastSquares\(real_labels=0.9\)"),
        (kgan.WGAN, "its losses have no labels to smooth"),
    ):
        with pytest.raises(TypeError, match=f"{objective.__name__} takes no label_smoothing=; .*{says}"):
            objective(None, None, label_smoothing=0.1)
    assert kgan.losses.NonSaturating(real_labels=0.9).real_labels == 0.9


@pytest.mark.parametrize("name", ["x.h5", "x.hdf5", "x", "x.weights.h5"])
def test_a_game_is_saved_as_a_keras_file_or_not_at_all(tmp_path, name):
    with pytest.raises(ValueError, match="kgan saves a game as a .keras file; got"):
        game().save(tmp_path / name)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("player", ["generator", "discriminator"])
@pytest.mark.parametrize("wrap", [lambda one: one, keras.optimizers.LossScaleOptimizer])
def test_an_average_that_nobody_would_use_is_refused(player, wrap):
    def fit(callbacks=(), **options):
        gan = game()
        averaging = wrap(keras.optimizers.SGD(0.01, use_ema=True, **options))
        gan.compile(
            **{"generator_optimizer": "sgd", "discriminator_optimizer": "sgd"} | {f"{player}_optimizer": averaging}
        )
        gan.fit(X, verbose=0, callbacks=list(callbacks))
        return int(gan.step.numpy())

    with pytest.raises(ValueError, match=f"{player}_optimizer has use_ema=True, .* StandardGAN.*ema=0.999"):
        fit()
    assert fit([keras.callbacks.SwapEMAWeights()]) == fit(ema_overwrite_frequency=2) == 1
