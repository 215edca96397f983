"""What is recorded of the conditions of a training."""

import pytest
import tensorflow as tf

import kgan
from kgan.runs import environment


@pytest.mark.parametrize(("given", "found"), [("3", 3), ("many", None), ("0", None)])
def test_threads_that_an_environment_variable_asks_for(toy, monkeypatch, given, found):
    gan = toy()
    usual = environment.describe(gan)["threads"]
    monkeypatch.setenv("TF_NUM_INTEROP_THREADS", given)
    assert environment.describe(gan)["threads"] == [found or usual[0], usual[1]]


def test_updates_do_not_overtake_reads():
    """With this optimizer 1 of 80 compiled steps of FGAN took gradients with weights from after the update."""
    assert issubclass(kgan.FGAN, kgan.objectives.Game)
    assert tf.config.optimizer.get_experimental_options()["dependency_optimization"] is False
