"""What networks give: raw scores, patches of them, and heads in any order."""

import keras
import numpy as np
import pytest

import kgan
from tests.conftest import networks

L = keras.layers
X = np.random.default_rng(0).normal(size=(32, 2)).astype("float32")


def generator():
    return keras.Sequential([keras.Input([3]), L.Dense(2)])


def ends(*last):
    x = keras.Input([2])
    outputs = [end(L.Dense(4)(x)) for end in last]
    return keras.Model(x, outputs if len(outputs) > 1 else outputs[0])


SQUASHED = {
    "sigmoid": L.Dense(1, activation="sigmoid"),
    "nested": keras.Sequential([L.Dense(1), L.Activation("sigmoid")]),
    "tanh": keras.Sequential([L.Dense(1), L.Activation("tanh")]),
    "hard_sigmoid": L.Dense(1, activation="hard_sigmoid"),
    "clip": lambda x: keras.ops.clip(L.Dense(1)(x), -1, 1),
    "log_sigmoid": L.Dense(1, activation="log_sigmoid"),
}
TAKE_SCORES = [
    cls for name in kgan.objectives.__all__
    if isinstance(cls := getattr(kgan.objectives, name), type) and issubclass(cls, kgan.objectives.GAN)
    and cls not in (kgan.objectives.GAN, kgan.ACGAN, kgan.InfoGAN, kgan.MGAN, kgan.EBGAN, kgan.BEGAN, kgan.SNGAN)
]  # fmt: skip


@pytest.mark.parametrize("objective", TAKE_SCORES)
def test_probabilities_are_no_raw_scores(objective):
    with pytest.raises(ValueError, match=r"The discriminator ends in sigmoid, which keeps its raw scores in \[0, 1\]"):
        objective(generator(), ends(L.Dense(1, activation="sigmoid")))


@pytest.mark.parametrize("end", SQUASHED)
def test_other_activations_are_none_either(end):
    with pytest.raises(ValueError, match="which keeps its raw scores in"):
        kgan.StandardGAN(generator(), ends(SQUASHED[end]))


def test_a_critic_that_cannot_be_negative_is_said():
    with pytest.warns(UserWarning, match="ends in relu"):
        kgan.StandardGAN(generator(), ends(L.Dense(1, activation="relu")))


@pytest.mark.parametrize("activation", [None, "linear", "leaky_relu"])
def test_raw_scores_are_welcome(activation):
    kgan.StandardGAN(generator(), ends(L.Dense(1, activation=activation)))


def test_several_outputs_where_one_is_wanted_are_refused():
    with pytest.raises(
        ValueError, match="StandardGAN takes a discriminator with one output, raw scores; this one has 2"
    ):
        kgan.StandardGAN(generator(), ends(L.Dense(1), L.Dense(3)))


def test_two_logits_are_no_score():
    with pytest.raises(ValueError, match=r"\[N, 1\], or for each patch, \[N, h, w, 1\]; got \[None, 2\]"):
        kgan.StandardGAN(generator(), ends(L.Dense(2)))


@pytest.mark.parametrize("objective", [kgan.StandardGAN, kgan.WGANGP, kgan.RelativisticGAN])
def test_patches_of_scores_train(objective):
    shape = (8, 8, 1)
    makes = keras.Sequential([keras.Input([3]), L.Dense(64, activation="tanh"), L.Reshape(shape)])
    patches = keras.Sequential([keras.Input(shape), L.Conv2D(4, 3), L.LeakyReLU(), L.Conv2D(1, 3)])
    gan = objective(makes, patches)
    gan.compile(generator_optimizer="adam", discriminator_optimizer="adam")
    images = np.random.default_rng(0).uniform(-1, 1, (20, *shape)).astype("float32")
    assert np.isfinite(gan.fit(images, batch_size=20, verbose=0).history["d_loss"]).all()


def conditional():
    return networks(kgan.ACGAN)[0]


@pytest.mark.parametrize(
    "outputs",
    [
        lambda f: [L.Dense(1, name="scores")(f), L.Dense(4, name="classes")(f)],
        lambda f: [L.Dense(4)(f), L.Dense(1)(f)],
        lambda f: {"class": L.Dense(4)(f), "validity": L.Dense(1)(f)},
        lambda f: {"z_score": L.Dense(1)(f), "label": L.Dense(4)(f)},
    ],
)
def test_heads_are_found_in_any_order(outputs):
    """Each order trains the same bits."""

    def trained(make, order):
        keras.utils.set_random_seed(1)
        x = keras.Input([2])
        feature = L.Dense(4, kernel_initializer=keras.initializers.GlorotUniform(seed=3))(x)
        heads = keras.tree.flatten(make(feature))
        for output in heads:
            layer = output._keras_history.operation
            layer.kernel.assign(np.linspace(-1, 1, 4 * layer.units).reshape(4, layer.units))
        gan = kgan.ACGAN(conditional(), keras.Model(x, order(make(feature)) if order else make(feature)))
        for output in gan.discriminator.outputs:
            layer = output._keras_history.operation
            layer.kernel.assign(np.linspace(-1, 1, 4 * layer.units).reshape(4, layer.units))
        gan.compile(generator_optimizer="sgd", discriminator_optimizer="sgd")
        return gan.test_on_batch(X, np.arange(32) % 4, return_dict=True)

    found = trained(outputs, None)
    keras.utils.set_random_seed(1)
    wanted = trained(lambda f: [L.Dense(1)(f), L.Dense(4)(f)], None)
    assert found == pytest.approx(wanted, rel=1e-6)


def test_what_has_no_score_is_refused():
    with pytest.raises(ValueError, match=r"must return \[scores, class logits\], and scores have one column"):
        kgan.ACGAN(conditional(), ends(L.Dense(4), L.Dense(4)))


def test_a_softmax_of_classes_is_refused():
    with pytest.raises(ValueError, match="The discriminator ends in softmax, which keeps its class logits"):
        kgan.ACGAN(conditional(), ends(L.Dense(1), L.Dense(4, activation="softmax")))


def test_infogan_finds_its_heads_and_wants_raw_logits():
    makes = keras.Sequential([keras.Input([14]), L.Dense(2)])
    gan = kgan.InfoGAN(makes, ends(L.Dense(12), L.Dense(1)))
    gan.compile(generator_optimizer="sgd", discriminator_optimizer="sgd")
    assert np.isfinite(gan.train_on_batch(X)).all()
    with pytest.raises(ValueError, match="logits of Q"):
        kgan.InfoGAN(makes, ends(L.Dense(1), L.Dense(12, activation="softmax")))
    means = ends(L.Dense(1, name="scores"), L.Dense(2, activation="tanh"))
    kgan.InfoGAN(makes, means, categorical=(), continuous=2)  # the codes lie in [-1, 1] themselves


def test_an_encoder_whose_variances_are_squashed_is_refused():
    makes = networks(kgan.VAE)[0]
    x = keras.Input([2])
    with pytest.raises(ValueError, match="The encoder ends in sigmoid"):
        kgan.VAE(makes, keras.Model(x, L.Dense(6, activation="sigmoid")(x)))


def test_a_generator_with_two_outputs_is_refused():
    z = keras.Input([3])
    with pytest.raises(ValueError, match="The generator must return images alone; it has 2 outputs"):
        kgan.StandardGAN(keras.Model(z, [L.Dense(2)(z), L.Dense(2)(z)]), ends(L.Dense(1)))
