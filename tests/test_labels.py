"""What labels are."""

import numpy as np
import pytest

import kgan
from kgan.labels import Classes, Conditions, Guesses, joined


def test_a_data_set_says_what_its_labels_are(tmp_path):
    assert kgan.datasets.RingOfGaussians(size=9, modes=3).labelling.get_config() == {"count": 3}
    showers = kgan.datasets.Showers(size=9).labelling
    assert isinstance(showers, Conditions) and len(showers.ranges) == showers.num_conditions
    np.savez(tmp_path / "a.npz", images=np.zeros([4, 8, 8], np.uint8))
    assert kgan.datasets.NPZ(str(tmp_path / "a.npz")).labelling is None


@pytest.mark.parametrize("labels", [Classes(3), Conditions({"energy": (1.0, 2.0)}), Conditions(2), Guesses(3, 1)])
def test_a_network_with_labels_comes_back_from_its_configuration(labels):
    how = "auxiliary" if isinstance(labels, Guesses) else "concatenation"
    network = kgan.architectures.MLPDiscriminator((2,), units=(4,), conditioning=how, labels=labels)
    again = type(network).from_config(network.get_config())
    assert again.labels.get_config() == labels.get_config()
    assert [tuple(weight.shape) for weight in again.weights] == [tuple(weight.shape) for weight in network.weights]


@pytest.mark.parametrize(
    ("old", "value"),
    [
        ({"num_classes": 4}, Classes(4)),
        ({"num_classes": 4, "num_conditions": None, "condition_ranges": None}, Classes(4)),
        ({"num_conditions": 2}, Conditions(2)),
        ({"num_conditions": 1, "condition_ranges": [[0.0, 5.0]]}, Conditions({"0": (0.0, 5.0)})),
        ({"num_classes": 4, "num_conditions": 1}, Guesses(4, 1)),
    ],
)
def test_the_three_arguments_of_format_1_are_read(old, value):
    how = "auxiliary" if isinstance(value, Guesses) else "concatenation"
    network = kgan.architectures.MLPDiscriminator((2,), units=(4,), conditioning=how, **old)
    assert type(network.labels) is type(value) and network.labels.get_config() == value.get_config()
    assert joined() is None


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"labels": 10, "conditioning": "concatenation"}, "labels must be a value of kgan.labels, such as Classes"),
        ({"labels": Classes(3)}, "labels needs conditioning"),
        ({"conditioning": "projection"}, "needs labels, what they are"),
        ({"labels": Guesses(3, 1), "conditioning": "projection"}, "takes Classes or Conditions; got Guesses"),
    ],
)
def test_what_has_no_meaning_is_refused(options, says):
    with pytest.raises(ValueError, match=says):
        kgan.architectures.MLPDiscriminator((2,), units=(4,), **options)


@pytest.mark.parametrize("of", [{}, {"a": (1.0, 1.0)}, {"a": 3}, 0])
def test_conditions_have_ranges(of):
    with pytest.raises(ValueError, match="of must"):
        Conditions(of)
