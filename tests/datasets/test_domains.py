"""Sets that do not belong together one by one, and other looks at a set."""

import numpy as np
import pytest

from kgan.datasets import Domains, Negative, Part, RingOfGaussians, Turned
from kgan.datasets.dataset import Order
from kgan.datasets.in_memory import InMemory


class Numbers(InMemory):
    """Pictures that are all one number."""

    def __init__(self, size=10, first=0):
        self.size, self.first = size, first
        numbers = np.arange(first, first + size, dtype=np.uint8)
        self.hold(np.tile(numbers[:, None, None, None], (1, 8, 8, 1)))


def seen(batches):
    return {name: np.concatenate([np.round((b[name][:, 0, 0, 0] + 1) * 127.5) for b in batches]) for name in "ab"}


def test_each_domain_has_its_own_order_and_epochs():
    sets = Domains(Numbers(10), Numbers(6, first=100))
    found = seen(list(sets.batches(5, seed=3, steps=6).as_numpy_iterator()))
    for epoch in range(3):
        assert sorted(found["a"][10 * epoch : 10 * epoch + 10]) == list(range(10))
    for epoch in range(5):
        assert sorted(found["b"][6 * epoch : 6 * epoch + 6]) == list(range(100, 106))
    one, other = Order(1000, 0, part=0).permutation(0), Order(1000, 0, part=1).permutation(0)
    assert abs(np.corrcoef(one, other)[0, 1]) < 0.1


def test_a_stream_is_entered_anywhere():
    sets = Domains(Numbers(10), Numbers(6, first=100))
    whole = list(sets.batches(4, seed=1, steps=5).as_numpy_iterator())
    rest = list(sets.batches(4, seed=1, start=3, steps=2).as_numpy_iterator())
    again = list(sets.batches(4, seed=1).from_step(3).take(2).as_numpy_iterator())
    for late, one, other in zip(whole[3:], rest, again, strict=True):
        for name in "ab":
            np.testing.assert_array_equal(late[name], one[name])
            np.testing.assert_array_equal(late[name], other[name])


def test_other_looks_at_a_set():
    ten = Numbers(10)
    assert Part(ten, first=7).batch([0, 2, -1]).images[:, 0, 0, 0].tolist() == [7, 9, 9]
    assert Negative(ten).batch([3]).images[0, 0, 0, 0] == 252
    corner = Numbers(2)
    corner._examples[1, 0, 7] = 255  # top right
    assert Turned(corner, quarters=1).batch([1]).images[0, 0, 0, 0] == 255  # top left
    assert Turned(corner, quarters=2).batch([1]).images[0, 7, 0, 0] == 255
    with pytest.raises(IndexError, match="no number 3"):
        Part(ten, first=7).batch([3])
    with pytest.raises(ValueError, match="there are no 5 from number 7 on"):
        Part(ten, first=7, count=5)
    with pytest.raises(ValueError, match="takes a set of pictures"):
        Negative(RingOfGaussians(size=10))
    with pytest.raises(ValueError, match="same kind of example"):
        Domains(ten, RingOfGaussians(size=10))
