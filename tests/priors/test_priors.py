"""What priors draw."""

import numpy as np
import pytest
from scipy import stats

from kgan import priors
from kgan.randomness import Draws

N = 20_000


def test_the_usual_ones_have_their_distributions():
    normal = priors.Normal().draw(Draws(0, "latents"), N, 2).numpy()
    uniform = priors.Uniform().draw(Draws(0, "latents"), N, 2).numpy()
    assert stats.kstest(normal.ravel(), "norm").pvalue > 0.001
    assert stats.kstest(uniform.ravel(), "uniform", (-1, 2)).pvalue > 0.001


@pytest.mark.parametrize("name", ["normal", "uniform"])
def test_they_may_be_named(name):
    assert type(priors.get(name)).__name__.lower() == name
    assert priors.get(priors.get(name))


@pytest.mark.parametrize("wrong", ["cauchy", None, 3])
def test_what_is_no_prior_is_refused(wrong):
    with pytest.raises(ValueError, match='"normal" or "uniform"; got'):
        priors.get(wrong)


def test_each_generator_is_as_likely_and_does_not_depend_on_the_latents():
    drawn = priors.Index(5).draw(Draws(0, "latents"), N, 1)
    index, latents = drawn["index"].numpy(), drawn["latents"].numpy()[:, 0]
    assert stats.chisquare(np.bincount(index, minlength=5)).pvalue > 0.001
    assert stats.f_oneway(*(latents[index == k] for k in range(5))).pvalue > 0.001
    np.testing.assert_array_equal(latents, priors.Normal().draw(Draws(0, "latents"), N, 1).numpy()[:, 0])


def test_truncation_cuts_the_latents_alone():
    drawn = priors.Index(3).truncated(Draws(0, "latents"), 500, 2, 0.5)
    assert abs(drawn["latents"].numpy()).max() <= 0.5
    assert set(drawn["index"].numpy()) == {0, 1, 2}
    with pytest.raises(ValueError, match="needs the normal prior"):
        priors.Index(3, noise=priors.Uniform()).truncated(Draws(0, "latents"), 5, 2, 0.5)


def test_the_generator_can_be_chosen():
    prior = priors.Index(3)
    drawn = prior.draw(Draws(0, "latents"), 4, 2)
    assert prior.set(drawn, index=2)["index"].numpy().tolist() == [2, 2, 2, 2]
    assert prior.set(drawn, index=[0, 1, 2, 0])["index"].numpy().tolist() == [0, 1, 2, 0]
    with pytest.raises(ValueError, match="from 0 to 2; got 3"):
        prior.set(drawn, index=3)
    with pytest.raises(ValueError, match="nothing called 'codes'"):
        prior.set(drawn, codes={0: 1})


def test_replicas_draw_the_rows_of_one_device():
    whole = priors.Index(4).draw(Draws(0, "latents"), 6, 2)
    half = priors.Index(4).draw(Draws(0, "latents", replica=1, replicas=2), 3, 2)
    for name, rows in half.items():
        np.testing.assert_array_equal(rows, whole[name][3:])
