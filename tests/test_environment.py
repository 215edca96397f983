"""What is recorded of the conditions of a training."""

import pytest

from kgan import environment


@pytest.mark.parametrize(("given", "found"), [("3", 3), ("many", None), ("0", None)])
def test_threads_that_an_environment_variable_asks_for(toy, monkeypatch, given, found):
    gan = toy()
    usual = environment.describe(gan)["threads"]
    monkeypatch.setenv("TF_NUM_INTEROP_THREADS", given)
    assert environment.describe(gan)["threads"] == [found or usual[0], usual[1]]
