"""Small networks of every objective that needs others than a generator and a discriminator of examples.

A module for each, named as the objective's own: `networks(shape)` gives its networks for examples of that shape, in the
order of its constructor; `data(examples)`, where there is one, gives what `fit` takes instead of examples.
"""

import importlib.util


def of(objective):
    """The module for an objective, or None."""
    name = f"tests.casts.{objective.__module__.rpartition('.')[2]}"
    return importlib.import_module(name) if importlib.util.find_spec(name) else None
