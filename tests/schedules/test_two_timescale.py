"""The sums that the theorem of two time scales asks for."""

import keras
import numpy as np
import pytest

from kgan.schedules import TwoTimescale


def test_the_formula():
    rate = TwoTimescale(0.3, exponent=0.75, half_life=10)
    n = np.array([0, 1, 10, 1000])
    np.testing.assert_allclose([float(rate(i)) for i in n], 0.3 / (1 + n / 10) ** 0.75, rtol=1e-5)


@pytest.mark.parametrize("exponent", [0.6, 0.9, 1.0])
def test_sums_lie_between_their_integrals(exponent):
    """The sum of the rates grows beyond every bound, that of their squares does not."""
    rate = TwoTimescale(1.0, exponent, half_life=1.0)
    n = np.arange(100_000.0)
    rates = rate(n).numpy().astype("float64")
    np.testing.assert_allclose(rates[:3], (1 + n[:3]) ** -exponent, rtol=1e-5)

    def integral(power, to):
        return np.log(1 + to) if power == 1 else ((1 + to) ** (1 - power) - 1) / (1 - power)

    assert integral(exponent, n[-1]) < rates.sum() < integral(exponent, n[-1]) + 1
    assert np.square(rates).sum() < 1 + 1 / (2 * exponent - 1)  # the whole integral, to infinity


def test_the_slower_player_becomes_as_slow_as_one_likes():
    a, b = TwoTimescale(1e-3, 0.9), TwoTimescale(1e-3, 0.6)
    ratios = [float(a(n)) / float(b(n)) for n in (0, 10**4, 10**6, 10**8)]
    assert ratios[0] == 1 and ratios[-1] < 0.04 and np.all(np.diff(ratios) < 0)


def test_an_optimizer_takes_and_saves_it():
    optimizer = keras.optimizers.Adam(TwoTimescale(0.1, 0.8, 50.0))
    again = keras.optimizers.Adam.from_config(optimizer.get_config())
    assert float(again.learning_rate) == pytest.approx(0.1)
    assert optimizer.get_config()["learning_rate"]["registered_name"] == "kgan>TwoTimescale"


@pytest.mark.parametrize("wrong", [{"initial": 0.0}, {"exponent": 0.5}, {"exponent": 1.1}, {"half_life": 0.0}])
def test_refusals(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        TwoTimescale(**wrong)
