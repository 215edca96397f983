"""Where latents come from: a value of the game."""

from kgan.priors.index import Index
from kgan.priors.noise_and_codes import NoiseAndCodes
from kgan.priors.normal import Normal
from kgan.priors.prior import Prior
from kgan.priors.uniform import Uniform

__all__ = ["Index", "NoiseAndCodes", "Normal", "Prior", "Uniform", "get"]


def get(prior):
    """A prior, of which the two usual ones may be named: "normal", "uniform".

    Raises:
        ValueError: it is none.

    Example:
        >>> get("uniform").get_config()
        {}
    """
    if isinstance(prior, Prior):
        return prior
    named = {"normal": Normal, "uniform": Uniform}
    if not isinstance(prior, str) or prior not in named:
        raise ValueError(f'prior must be a value of kgan.priors, or "normal" or "uniform"; got {prior!r}.')
    return named[prior]()
