"""The names of the room, and what importing it costs."""

import subprocess
import sys

import pytest

from kgan import metrics


def test_the_functions_do_not_import_tensorflow():
    code = "import sys, kgan.metrics; assert not {'tensorflow', 'keras'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_public_names():
    for name in metrics.__all__:
        assert callable(getattr(metrics, name)) and getattr(metrics, name).__doc__
    with pytest.raises(AttributeError, match="no attribute 'fid'"):
        _ = metrics.fid
