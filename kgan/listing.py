"""What `kgan list` and `kgan show` say, from a table that is shipped: nothing of TensorFlow or Keras is imported.

`python tools/renew.py` writes the table from the live classes, and a test checks that it is fresh.
"""

import difflib
import json
from importlib import resources

TABLE = "listing.json"


def overview():
    """A line for each class of each room: its name and the first sentence of its docstring."""
    return _table()["overview"]


def describe(name):
    """Docstring, arguments and defaults of one class; also of the contracts, to which docstrings refer.

    Raises:
        KeyError: there is none of that name; the message has the nearest one.

    Example:
        >>> describe("WGANGP").splitlines()[0]
        'WGANGP (objectives)'
    """
    known = _table()["shown"]
    if name not in known:
        near = difflib.get_close_matches(name, known, n=1, cutoff=0.4)
        raise KeyError(f"There is no {name!r}{f'; did you mean {near[0]!r}?' if near else ''} (`kgan list` has all).")
    return known[name]


def _table():
    return json.loads(resources.files("kgan").joinpath(TABLE).read_text(encoding="utf-8"))
