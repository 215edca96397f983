"""Modules that have moved, under the names that scripts know them by."""

import importlib
import importlib.abc
import importlib.machinery
import sys

# Modules that were kgan.<name>, and are kgan.<room>.<name> now.
ROOMS = {
    "runs": ("checkpoint", "devices", "environment", "saving", "settings", "training", "workers"),
    "running": ("experiment", "run_folder"),
    "using": ("export", "loading", "neighbors", "rating", "sampling", "scoring"),
    "recipe": ("catalogue", "plain_yaml", "schema"),
    "tricks": ("constraints", "pool", "replay", "top_k"),
}
OBJECTIVES = {
    "adversarial": (
        "standard_gan",
        "wgan",
        "wgan_gp",
        "wgan_lp",
        "lsgan",
        "geometric_gan",
        "bs_gan",
        "f_gan",
        "sngan",
        "relativistic_gan",
        "r3gan",
    ),
    "energy": ("autoencoder", "ebgan", "began"),
    "dynamics": (
        "simultaneous_gan",
        "consensus_gan",
        "unrolled_gan",
        "historical_averaging_gan",
        "feature_matching_gan",
    ),
    "conditional": ("acgan", "infogan"),
    "inference": ("bi_gan", "vae", "gaussian_sampler"),
}
PLACES = (
    {f"kgan.{name}": f"kgan.{room}.{name}" for room, names in ROOMS.items() for name in names}
    | {
        f"kgan.objectives.{name}": f"kgan.games.{name}"
        for name in ("game", "gan", "latent_variable_model", "replicas", "second_derivatives")
    }
    | {
        f"kgan.objectives.{name}": f"kgan.objectives.{room}.{name}"
        for room, names in OBJECTIVES.items()
        for name in names
    }
)


class Moved(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds a module under its old name: the same object as under its new one.

    Example:
        >>> import kgan.replay
        >>> from kgan.tricks import replay
        >>> kgan.replay is replay
        True
    """

    def find_spec(self, name, path=None, target=None):
        return importlib.machinery.ModuleSpec(name, self) if name in PLACES else None

    def create_module(self, spec):
        module = importlib.import_module(PLACES[spec.name])
        self._spec = module.__spec__
        return module

    def exec_module(self, module):
        module.__spec__ = self._spec  # which the import system has replaced


def watch():
    if not any(isinstance(finder, Moved) for finder in sys.meta_path):
        sys.meta_path.insert(0, Moved())
