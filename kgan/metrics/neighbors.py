"""Nearest neighbours in Euclidean distance, exact and in blocks, and what they say about copied training images."""

import numpy as np

from kgan.metrics.arrays import at_least, feature_pair, features

NUMBERS = 2**23  # of one array that is worked on at a time: 64 MB
ROUNDING = 4 * np.finfo(np.float64).eps  # of |x|^2 + |y|^2 - 2 x.y, times d + 4, in units of |x|^2 + |y|^2: a bound


def nearest_neighbors(queries, references, k=3):
    """The k rows of `references` nearest to each row of `queries`: for pictures of fakes beside training images.

    Distances are Euclidean and accurate even between almost equal rows: neighbours are found through inner products in
    float64, in blocks, and their distances are then computed from the differences.

    Args:
        queries: [N, d], any integers or floats; images as rows, or their features.
        references: [M, d].
        k: how many, at most M.

    Returns:
        (distances, indices): float64 [N, k], ascending, in the unit of the rows, and the rows of `references`, int64
        [N, k]. Of equally near rows the lower index stands first; which of them is the last to be taken is not said.

    Raises:
        ValueError: wrong shapes or types, different d, NaN or infinity, or k beyond the number of references.

    Example:
        >>> distances, indices = nearest_neighbors([[0.0, 0.0]], [[3.0, 4.0], [1.0, 0.0], [0.0, 9.0]], k=2)
        >>> distances.tolist(), indices.tolist()
        ([[1.0, 5.0]], [[1, 0]])
    """
    queries, references = features(queries, "queries"), features(references, "references")
    if queries.shape[1] != references.shape[1]:
        raise ValueError(f"queries and references must have the same d; got {queries.shape[1]}, {references.shape[1]}.")
    if at_least(k, 1, "k") > len(references):
        raise ValueError(f"k must be at most the number of references, {len(references)}; got {k}.")
    squared, indices = nearest(queries, references, k)
    return np.sqrt(squared), indices


def authenticity(train, fake):
    """The share of fakes that are not nearer to a training image than another training image is.

    AuthPct of Alaa et al. 2022 (https://arxiv.org/abs/2102.08921) with one neighbour: fake g is authentic if
    d(g, t) > d(t, u), where t is its nearest training image and u the one nearest to t. A generator that copies its
    training set has 0; its print is 100 times the share, `AuthPct (train)`.

    Args:
        train: features of the training images [N, d], N at least 2; not a test set's.
        fake: features of generated images [M, d].

    Returns:
        The share, from 0 to 1, a float.

    Raises:
        ValueError: wrong shapes or types, different d, NaN or infinity, or fewer than two training images.

    Example:
        >>> train = [[0.0], [1.0], [10.0]]
        >>> authenticity(train, [[0.5], [1.0], [2.5], [-7.0]])  # 0 and 1 are 1 apart: within 1 is a copy
        0.5
    """
    train, fake = feature_pair(train, fake)
    if len(train) < 2:
        raise ValueError("authenticity needs at least 2 training images; got 1.")
    distances, indices = (column[:, 0] for column in nearest(fake, train, 1))
    needed, places = np.unique(indices, return_inverse=True)
    gaps = nearest(train[needed], train, 1, own=needed)[0][:, 0]
    return float((distances > gaps[places]).mean())


def nearest(queries, references, k, own=None):
    """Squared distances [N, k], ascending, and indices; `own` are the queries' own rows of `references`, left out."""
    origin = center(references)
    centered = references - origin
    norms = np.einsum("nd,nd->n", centered, centered)
    found = np.empty([len(queries), k]), np.empty([len(queries), k], np.int64)
    for block in blocks(len(queries), max(len(references), k * queries.shape[1])):
        rows = queries[block] - origin
        size = np.square(rows).sum(axis=1)
        approximate = size[:, None] + norms - 2 * (rows @ centered.T)
        if own is not None:
            approximate[np.arange(len(rows)), own[block]] = np.inf
        last = min(k, len(references) - 1)
        order = np.argpartition(approximate, (k - 1, last), axis=1)
        indices, following = order[:, :k], approximate[np.arange(len(rows)), order[:, last]]
        squared = squared_distances(queries[block][:, None], references[indices])
        # A reference beyond twice |x| has a rounding error far below its distance; the others have at most this.
        rounding = 5 * ROUNDING * (rows.shape[1] + 4) * size
        furthest = squared.max(axis=1)
        sure = (furthest == 0) | (rounding <= 1e-9 * furthest) | (following - rounding > furthest) | (last < k)
        for row in np.nonzero(~sure)[0]:
            squared[row], indices[row] = _by_differences(
                queries[block][row], references, k, None if own is None else own[block][row]
            )
        order = np.lexsort((indices, squared), axis=1)
        found[0][block] = np.take_along_axis(squared, order, axis=1)
        found[1][block] = np.take_along_axis(indices, order, axis=1)
    return found


def _by_differences(query, references, k, own):
    parts = blocks(len(references), references.shape[1])
    squared = np.concatenate([squared_distances(query, references[part]) for part in parts])
    if own is not None:
        squared[own] = np.inf
    indices = np.argsort(squared, kind="stable")[:k]
    return squared[indices], indices


def center(values):
    """About the median, in float64: with it as the origin, inner products lose few digits, outliers or not."""
    return np.median(values[:: -(-len(values) // 1000)].astype(np.float64), axis=0)


def squared_distances(x, y):
    """|x - y|^2 over the last axis, from the differences in float64: exactly 0 for equal rows."""
    return np.square(np.subtract(x, y, dtype=np.float64)).sum(axis=-1)


def blocks(count, columns):
    """Slices of `count` rows, so many that a block with `columns` numbers in each row is not too large."""
    step = max(1, NUMBERS // columns)
    return [slice(start, min(start + step, count)) for start in range(0, count, step)]
