"""Exact distances between discrete or sampled distributions, in natural logarithms.

A discrete distribution is an array of masses, or a mapping from positions to masses: {1: 0.5, 3: 0.5}, or
{(0.0, 1.0): 1.0} in the plane. Of two arrays, equal indices are equal positions. The reverse KL is
`kl_divergence(q, p)`. On a bounded space KL -> 0 implies TV -> 0, which is the same as JS -> 0, and that
implies W -> 0; none of the converses holds.
"""

import math
from collections.abc import Mapping

import numpy as np
from scipy import optimize, sparse, special, stats
from scipy.spatial.distance import cdist

# The largest number of pairs n to assign where one set must be repeated to match the other: 8 n^2 bytes, a minute.
LARGEST_ASSIGNMENT = 5_000
# The most variables N M of a linear program, which then takes half a minute.
LARGEST_PROGRAM = 250_000


def total_variation(p, q):
    """TV(p, q) = 1/2 sum |p - q|, the largest difference of the probabilities of one event.

    Args:
        p, q: two distributions, see the module's docstring; the masses are at least 0 and sum to 1.

    Returns:
        A float from 0 (equal) to 1 (no common position).

    Raises:
        ValueError: masses that are negative, not finite, or do not sum to 1; arrays of different shapes.

    Example:
        >>> total_variation({1: 1.0}, {1: 0.25, 2: 0.75})
        0.75
    """
    p, q = _aligned(p, q)
    return float(np.abs(p - q).sum() / 2)


def kl_divergence(p, q):
    """KL(p, q) = sum p log(p / q); the reverse KL with p and q exchanged.

    Args:
        p, q: as in `total_variation`.

    Returns:
        A float of at least 0; infinity where p has mass and q none.

    Raises:
        ValueError: as in `total_variation`.

    Example:
        >>> kl_divergence([1.0, 0.0], [0.5, 0.5])  # log 2
        0.6931471805599453
        >>> kl_divergence([0.5, 0.5], [1.0, 0.0])
        inf
    """
    p, q = _aligned(p, q)
    return _kl(p, q)


def js_divergence(p, q):
    """JSD(p, q) = 1/2 KL(p, m) + 1/2 KL(q, m) with m = (p + q) / 2.

    Args:
        p, q: as in `total_variation`.

    Returns:
        A float from 0 (equal) to log 2 (no common position). Its root is a metric.

    Raises:
        ValueError: as in `total_variation`.

    Example:
        >>> js_divergence({0: 1.0}, {7: 1.0})
        0.6931471805599453
    """
    p, q = _aligned(p, q)
    middle = (p + q) / 2
    return _kl(p, middle) / 2 + _kl(q, middle) / 2


def earth_movers(p, q, cost=None):
    """The least work that turns the masses p into the masses q, and a plan that needs no more.

    The linear program of optimal transport, solved with SciPy's HiGHS: exact up to its tolerance of 1e-7.

    Args:
        p: n masses of any equal total, an array [n] or a mapping from positions.
        q: m masses, likewise.
        cost: [n, m], what it costs to move a unit of mass from i to j, at least 0. By default the Euclidean distance
            of the positions; those of an array are 0, 1, 2...

    Returns:
        (distance, plan): a float, mass times cost; and float64 [n, m], the mass that goes from i to j, whose rows sum
        to p and whose columns sum to q. Other plans may cost the same.

    Raises:
        ValueError: masses that are negative, not finite, zero in all or of different totals; a cost of another shape;
            more than 250,000 entries in the plan.

    Example:
        >>> distance, plan = earth_movers({1: 3, 2: 1, 3: 2}, {7: 1, 8: 1, 9: 2, 10: 2})
        >>> round(distance, 6), plan.shape
        (42.0, (3, 4))
    """
    (p, from_), (q, to) = _placed("p", p), _placed("q", q)
    if not math.isclose(p.sum(), q.sum(), rel_tol=1e-6):
        raise ValueError(f"p and q must have the same total mass; got {p.sum():g} and {q.sum():g}.")
    q = q * (p.sum() / q.sum())
    cost = _euclidean(from_, to) if cost is None else _cost(cost, (len(p), len(q)))
    plan = _transport(p, q, cost)
    return price(plan, cost), plan


def price(plan, cost):
    """What a given transport plan costs: sum plan * cost.

    Args:
        plan: [n, m], the mass that goes from i to j; at least 0.
        cost: [n, m], per unit of mass; at least 0.

    Returns:
        A float: at least the earth mover's distance of the plan's row sums and column sums.

    Raises:
        ValueError: different shapes, negative or not finite entries.

    Example:
        >>> cost = [[1, 4], [2, 1]]  # from 0 and 3 to 1 and 4
        >>> price([[1, 0], [0, 1]], cost), price([[0, 1], [1, 0]], cost)
        (2.0, 6.0)
    """
    plan = _finite("plan", plan)
    return float((plan * _cost(cost, plan.shape)).sum())


def wasserstein1(samples_a, samples_b):
    """The Wasserstein-1 distance of two sets of samples, each sample with the same weight; Euclidean ground distance.

    Exact: in one dimension from the sorted samples; in more from an assignment (SciPy's `linear_sum_assignment`),
    for sets of different sizes with each sample repeated as often as makes them equal, or, where that would
    take more than 5,000 copies, from the linear program of `earth_movers`. In more than one dimension it takes
    O(n^3) time and 8 N M bytes or more: 2,500 against 2,500 samples take 50 MB and 8 seconds of a CPU.

    Args:
        samples_a: [N] or [N, d], any finite numbers.
        samples_b: [M] or [M, d].

    Returns:
        A float of at least 0. For two sets from the same distribution it is above 0 and falls like N^(-1/d) for d > 2.

    Raises:
        ValueError: a wrong shape, different d, NaN or infinity, or two large sets whose sizes have no small multiple.

    Example:
        >>> wasserstein1([[0.0, 0.0], [0.0, 1.0]], [[3.0, 0.0], [3.0, 1.0]])
        3.0
    """
    a, b = _samples("samples_a", samples_a), _samples("samples_b", samples_b)
    if a.shape[1] != b.shape[1]:
        raise ValueError(f"Both sets of samples must have the same d; got {a.shape[1]} and {b.shape[1]}.")
    if a.shape[1] == 1:
        return float(stats.wasserstein_distance(a[:, 0], b[:, 0]))
    cost = _euclidean(a, b)
    size = math.lcm(len(a), len(b))
    if len(a) == len(b) or size <= LARGEST_ASSIGNMENT:
        cost = cost.repeat(size // len(a), axis=0).repeat(size // len(b), axis=1)
        return float(cost[optimize.linear_sum_assignment(cost)].mean())
    if cost.size > LARGEST_PROGRAM:
        raise ValueError(
            f"{len(a)} and {len(b)} samples are too many for sizes without a common multiple of at most "
            f"{LARGEST_ASSIGNMENT:,}; give {min(len(a), len(b))} of each."
        )
    plan = _transport(np.full(len(a), 1 / len(a)), np.full(len(b), 1 / len(b)), cost)
    return price(plan, cost)


def _kl(p, q):
    return max(float(special.rel_entr(p, q).sum()), 0.0)


def _transport(p, q, cost):
    """The cheapest plan [n, m] with row sums p and column sums q."""
    n, m = cost.shape
    if n * m > LARGEST_PROGRAM:
        raise ValueError(f"A plan of {n} x {m} is too large to be found; {LARGEST_PROGRAM:,} entries are the most.")
    rows = sparse.kron(sparse.eye(n), np.ones([1, m]))
    columns = sparse.kron(np.ones([1, n]), sparse.eye(m))
    # Costs and masses are scaled to at most 1, because the solver's tolerances are absolute.
    mass, unit = p.sum(), cost.max() or 1.0
    found = optimize.linprog(
        cost.ravel() / unit,
        A_eq=sparse.vstack([rows, columns], format="csr"),
        b_eq=np.concatenate([p, q]) / mass,
        method="highs",
    )
    if found.x is None:
        raise ValueError(f"No transport plan was found: {found.message}")
    return np.maximum(found.x, 0).reshape(n, m) * mass


def _aligned(p, q):
    """Two distributions as float64 arrays over the same positions."""
    if isinstance(p, Mapping) != isinstance(q, Mapping):
        raise ValueError("Give p and q in the same way: two arrays of masses, or two mappings {position: mass}.")
    if isinstance(p, Mapping):
        positions = sorted({*p, *q}, key=str)
        p, q = ([masses.get(position, 0.0) for position in positions] for masses in (p, q))
    p, q = _finite("p", p), _finite("q", q)
    if p.shape != q.shape:
        raise ValueError(f"p and q must have the same shape; got {list(p.shape)} and {list(q.shape)}.")
    for name, masses in (("p", p), ("q", q)):
        if not math.isclose(masses.sum(), 1, abs_tol=1e-6):
            raise ValueError(f"The masses of {name} must sum to 1; they sum to {masses.sum():g}: divide them by that.")
    return p, q


def _placed(name, masses):
    """Masses [n] and their positions [n, d]."""
    if isinstance(masses, Mapping):
        masses, positions = list(masses.values()), _samples(f"positions of {name}", list(masses))
    else:
        positions = np.arange(np.size(masses), dtype=np.float64)[:, None]
    masses = _finite(name, masses)
    if masses.ndim != 1 or not masses.sum() > 0:
        raise ValueError(f"{name} must be masses [n] above 0 in all; got the shape {list(masses.shape)}.")
    return masses, positions


def _euclidean(a, b):
    if a.shape[1] != b.shape[1]:
        raise ValueError(f"The positions of p and q must have the same d; got {a.shape[1]} and {b.shape[1]}.")
    return cdist(a, b)


def _cost(cost, shape):
    cost = _finite("cost", cost)
    if cost.shape != shape:
        raise ValueError(f"cost must have a row for each mass of p and a column for each of q, {list(shape)}; "
                         f"got {list(cost.shape)}.")  # fmt: skip
    return cost


def _finite(name, values):
    """float64, not empty, finite and at least 0."""
    array = _numbers(name, values)
    if array.size == 0 or not np.isfinite(array).all() or array.min() < 0:
        raise ValueError(f"{name} must be finite numbers of at least 0, and not none.")
    return array


def _samples(name, values):
    """float64 [N, d], finite."""
    array = _numbers(name, values)
    array = array[:, None] if array.ndim == 1 else array
    if array.ndim != 2 or array.size == 0 or not np.isfinite(array).all():
        raise ValueError(
            f"{name} must be finite numbers [N] or [N, d], and not none; got the shape {list(array.shape)}."
        )
    return array


def _numbers(name, values):
    try:
        return np.asarray(values, np.float64)
    except (TypeError, ValueError):
        raise ValueError(f"{name} must be numbers in rows of equal length.") from None
