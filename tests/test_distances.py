"""The worked cases of the lectures, the order of the convergences, and solvers against each other."""

import itertools
import math

import numpy as np
import pytest
from scipy import stats

from kgan import distances
from kgan.distances import earth_movers, js_divergence, kl_divergence, price, total_variation, wasserstein1

LOG2 = math.log(2)


def random_pair(seed, size=6):
    generator = np.random.default_rng(seed)
    return generator.dirichlet(np.ones(size)), generator.dirichlet(np.ones(size))


def points(theta):
    return {0.0: 1.0}, {theta: 1.0}


def segments(theta, count=16):
    """Uniform on {0} x [0, 1] and on {theta} x [0, 1]."""
    heights = (np.arange(count) + 0.5) / count
    return {(0.0, y): 1 / count for y in heights}, {(theta, y): 1 / count for y in heights}


@pytest.mark.parametrize("case", [points, segments])
@pytest.mark.parametrize("theta", [-1.5, -0.01, 0.3, 2.0])
def test_supports_that_are_theta_apart(case, theta):
    p, q = case(theta)
    assert kl_divergence(p, q) == kl_divergence(q, p) == math.inf
    assert js_divergence(p, q) == pytest.approx(LOG2, rel=1e-12)
    assert total_variation(p, q) == pytest.approx(1.0, rel=1e-12)
    assert earth_movers(p, q)[0] == pytest.approx(abs(theta), rel=1e-6)


@pytest.mark.parametrize("case", [points, segments])
def test_at_theta_0_all_are_0(case):
    p, q = case(0.0)
    assert kl_divergence(p, q) == js_divergence(p, q) == total_variation(p, q) == 0
    assert earth_movers(p, q)[0] == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize("case", [points, segments])
@pytest.mark.parametrize("theta", [-1.0, 0.5])
def test_their_gradients_in_theta(case, theta):
    """Only W has one to follow: sign(theta). JS and TV are flat, KL is infinite on both sides."""
    step = 1e-3

    def slope(distance):
        return (distance(*case(theta + step)) - distance(*case(theta - step))) / (2 * step)

    assert slope(lambda p, q: earth_movers(p, q)[0]) == pytest.approx(math.copysign(1.0, theta), abs=1e-4)
    assert slope(js_divergence) == slope(total_variation) == 0
    assert math.isnan(slope(kl_divergence))


def test_mass_1_over_distance_9_costs_9():
    distance, plan = earth_movers({1: 1}, {10: 1})
    assert distance == pytest.approx(9.0) and plan.tolist() == [[1.0]]


def test_the_boxes_cost_42():
    p, q = {1: 3, 2: 1, 3: 2}, {7: 1, 8: 1, 9: 2, 10: 2}
    distance, plan = earth_movers(p, q)
    assert distance == pytest.approx(42.0, rel=1e-9)
    np.testing.assert_allclose(plan.sum(axis=1), list(p.values()), atol=1e-9)
    np.testing.assert_allclose(plan.sum(axis=0), list(q.values()), atol=1e-9)


def test_two_plans_for_the_same_move_cost_2_and_6():
    p, q = {0: 1, 3: 1}, {1: 1, 4: 1}
    cost = np.abs(np.subtract.outer(list(p), list(q)))
    straight, crossing = np.eye(2), np.eye(2)[::-1]
    assert price(straight, cost) == 2 and price(crossing, cost) == 6
    distance, plan = earth_movers(p, q)
    assert distance == pytest.approx(2.0)
    np.testing.assert_allclose(plan, straight, atol=1e-9)


def test_no_plan_is_cheaper():
    p, q = random_pair(0)
    generator = np.random.default_rng(1)
    cost = generator.uniform(size=[6, 6])
    distance, plan = earth_movers(p, q, cost)
    assert distance == pytest.approx(price(plan, cost))
    assert distance <= price(np.outer(p, q), cost)
    # Mass moved around a rectangle keeps the margins; the best plan gains by none.
    for _ in range(200):
        i, k = generator.choice(6, 2, replace=False)
        j, m = generator.choice(6, 2, replace=False)
        moved = min(plan[i, j], plan[k, m])
        other = plan.copy()
        other[[i, k], [j, m]] -= moved
        other[[i, k], [m, j]] += moved
        assert price(other, cost) >= distance - 1e-9


def test_values_worked_by_hand():
    p, q = [0.5, 0.5, 0.0], [0.25, 0.25, 0.5]
    assert total_variation(p, q) == 0.5
    assert kl_divergence(p, q) == pytest.approx(LOG2)
    assert kl_divergence(q, p) == math.inf
    assert js_divergence(p, q) == pytest.approx(0.5 * math.log(4 / 3) + 0.5 * (0.5 * math.log(2 / 3) + 0.5 * LOG2))
    # Half of the mass from 0 to 2 and a quarter from 0 to 1 ... along the line of indices.
    assert earth_movers(p, q)[0] == pytest.approx(0.25 * 1 + 0.5 * 1)


def test_the_order_of_the_convergences():
    """KL -> 0 brings TV, JS and W along; TV and JS bring W; none of it holds the other way."""
    steps = [10.0**-n for n in range(1, 7)]

    def along(sequence):
        rows = [
            (kl_divergence(p, q), total_variation(p, q), js_divergence(p, q), earth_movers(p, q)[0])
            for p, q in map(sequence, steps)
        ]
        return [[row[i] for row in rows] for i in range(4)]

    def vanishes(values):
        return values[-1] < 1e-5 and all(b < a for a, b in itertools.pairwise(values))

    kl, tv, js, w = along(lambda e: ({0: 0.5 + e / 4, 1: 0.5 - e / 4}, {0: 0.5, 1: 0.5}))
    assert vanishes(kl) and vanishes(tv) and vanishes(js) and vanishes(w)
    # A little mass where the limit has none.
    kl, tv, js, w = along(lambda e: ({0: 1 - e, 1: e}, {0: 1.0}))
    assert set(kl) == {math.inf} and vanishes(tv) and vanishes(js) and vanishes(w)
    # All mass next to the limit.
    kl, tv, js, w = along(lambda e: ({e: 1.0}, {0.0: 1.0}))
    assert set(kl) == {math.inf} and set(tv) == {1.0} and vanishes(w)
    assert js == pytest.approx([LOG2] * len(js))


@pytest.mark.parametrize("seed", range(5))
def test_the_inequalities_behind_that_order(seed):
    p, q = random_pair(seed)
    tv, kl, js = total_variation(p, q), kl_divergence(p, q), js_divergence(p, q)
    assert tv <= math.sqrt(kl / 2)  # Pinsker
    assert tv**2 / 2 <= js <= LOG2 * tv
    assert earth_movers(p, q)[0] <= 5 * tv + 1e-9  # the diameter of six places in a row
    assert js_divergence(q, p) == pytest.approx(js) and total_variation(q, p) == pytest.approx(tv)
    assert 0 < kl != kl_divergence(q, p) > 0


@pytest.mark.parametrize("seed", range(3))
def test_one_dimension_three_ways(seed):
    """The linear program, the assignment and SciPy's quantiles agree."""
    p, q = random_pair(seed)
    places = np.arange(6)
    expected = stats.wasserstein_distance(places, places, p, q)
    assert earth_movers(p, q)[0] == pytest.approx(expected, abs=1e-7)
    generator = np.random.default_rng(seed)
    a, b = generator.normal(size=30), generator.normal(0.5, 2, size=30)
    expected = wasserstein1(a, b)
    flat = [np.stack([x, np.zeros(30)], axis=1) for x in (a, b)]  # in the plane it is an assignment
    assert wasserstein1(*flat) == pytest.approx(expected, rel=1e-9)
    masses = [{(x, 0.0): 1 / 30 for x in samples} for samples in (a, b)]
    assert earth_movers(*masses)[0] == pytest.approx(expected, rel=1e-6)
    assert expected == pytest.approx(np.abs(np.sort(a) - np.sort(b)).mean())


@pytest.mark.parametrize("sizes", [(20, 20), (20, 10), (12, 8), (61, 83)])
def test_samples_of_every_size_against_the_linear_program(sizes):
    assert math.lcm(61, 83) > distances.LARGEST_ASSIGNMENT  # that pair takes the linear program by itself
    generator = np.random.default_rng(0)
    a, b = (generator.normal(size=[size, 3]) for size in sizes)
    masses = [{tuple(x): 1 / len(samples) for x in samples} for samples in (a, b)]
    assert wasserstein1(a, b) == pytest.approx(earth_movers(*masses)[0], rel=1e-6)


def test_moved_samples_are_as_far_as_they_were_moved():
    a = np.random.default_rng(0).normal(size=[300, 2])
    assert wasserstein1(a, a[::-1] + [3.0, 4.0]) == pytest.approx(5.0, rel=1e-9)
    assert wasserstein1(a, a[::-1]) == 0
    assert wasserstein1(10 * a, 10 * a[:150]) == pytest.approx(10 * wasserstein1(a, a[:150]), rel=1e-9)
    assert wasserstein1(a[:, 0], np.repeat(a[:, :1], 2)) == pytest.approx(0.0, abs=1e-12)


def test_large_and_small_units_change_nothing_else():
    p, q = random_pair(0)
    cost = np.random.default_rng(1).uniform(size=[6, 6])
    distance, _ = earth_movers(p, q, cost)
    for mass, unit in ((1e9, 1.0), (1e-9, 1e-9), (1.0, 1e12)):
        scaled, scaled_plan = earth_movers(p * mass, q * mass, cost * unit)
        assert scaled == pytest.approx(distance * mass * unit, rel=1e-6)
        np.testing.assert_allclose(scaled_plan.sum(axis=1), p * mass, rtol=1e-6)
    assert earth_movers(p, q, np.zeros([6, 6]))[0] == 0


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: total_variation([0.5, 0.6], [0.5, 0.5]), r"The masses of p must sum to 1; they sum to 1.1"),
        (lambda: kl_divergence([1.5, -0.5], [0.5, 0.5]), "p must be finite numbers of at least 0"),
        (lambda: js_divergence([1.0], [0.5, 0.5]), r"the same shape; got \[1\] and \[2\]"),
        (lambda: total_variation({0: 1.0}, [1.0]), "in the same way: two arrays of masses, or two mappings"),
        (lambda: kl_divergence([math.nan, 1.0], [0.5, 0.5]), "p must be finite numbers"),
        (lambda: total_variation([], []), "p must be finite numbers of at least 0, and not none"),
        (lambda: total_variation(["a"], [1.0]), "p must be numbers in rows of equal length"),
        (lambda: earth_movers([1, 2], [1, 1]), "the same total mass; got 3 and 2"),
        (lambda: earth_movers([0, 0], [0, 0]), r"p must be masses \[n\] above 0 in all"),
        (lambda: earth_movers([1, 1], [1, 1], [[1, 2, 3]]), r"\[2, 2\]; got \[1, 3\]"),
        (lambda: earth_movers({0: 1}, {(0, 1): 1}), "positions of p and q must have the same d; got 1 and 2"),
        (lambda: earth_movers({"a": 1}, {"b": 1}), "positions of p must be numbers"),
        (lambda: earth_movers(np.ones(600), np.ones(600)), "A plan of 600 x 600 is too large"),
        (lambda: price([[1, 2]], [[1], [2]]), r"\[1, 2\]; got \[2, 1\]"),
        (lambda: price([[-1]], [[1]]), "plan must be finite numbers of at least 0"),
        (lambda: wasserstein1([[0, 0]], [[0]]), "the same d; got 2 and 1"),
        (lambda: wasserstein1([], [1]), r"samples_a must be finite numbers \[N\] or \[N, d\], and not none"),
        (lambda: wasserstein1([[1, 2], [3]], [1]), "samples_a must be numbers in rows of equal length"),
        (lambda: wasserstein1(np.zeros([1009, 2]), np.zeros([1013, 2])), "give 1009 of each"),
    ],
)
def test_what_cannot_be_compared_gets_a_sentence(call, sentence):
    with pytest.raises(ValueError, match=sentence) as error:
        call()
    assert "\n" not in str(error.value)
