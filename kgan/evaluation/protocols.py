"""Which scores there are, with kgan's own settings and with those of others' programs."""

from kgan.evaluation.scores import (
    MSSSIM,
    PRDC,
    Authenticity,
    Classes,
    ClassifierScore,
    Frechet,
    Kernel,
    Modes,
    PrecisionRecall,
    Signal,
    SlicedWasserstein,
    Wasserstein1,
)

# name: (score, the extractor that it takes unless another is named)
SCORES = {
    "fid": (Frechet(), "inception"),
    "is": (ClassifierScore(), "inception"),
    "kid": (Kernel(), "inception"),
    "clean-fid": (Frechet(), "inception-clean"),
    "prdc": (PRDC(), "inception"),
    "pr": (PrecisionRecall(), "inception"),
    "authpct": (Authenticity(), "inception"),
    "fd": (Frechet(), "classifier"),
    "cs": (ClassifierScore(), "classifier"),
    "kd": (Kernel(), "classifier"),
    "classes": (Classes(), "classifier"),
    "ms-ssim": (MSSSIM(), None),
    "swd": (SlicedWasserstein(), None),
    "signal": (Signal(), None),
    "modes": (Modes(), None),
    "w1": (Wasserstein1(), None),
}

# The settings of other programs, as they are at the versions read in November 2026; each computes the scores named.
# Where they draw subsets without a seed, kgan draws with its own.
PROTOCOLS = {
    "ttur": {"fid": (Frechet(), "inception")},
    "torch-fidelity": {
        "fid": (Frechet(), "inception"),
        "is": (ClassifierScore(), "inception"),
        "kid": (Kernel(), "inception"),
        "pr": (PrecisionRecall(), "inception"),
    },
    "mimicry": {
        "fid": (Frechet(most_reals=50_000), "inception"),
        "is": (ClassifierScore(shuffle_seed=None), "inception"),
        "kid": (Kernel(subsets=10, subset_size=None, most_reals=50_000), "inception"),
    },
    "stylegan": {  # its precision and recall want VGG16: not offered
        "fid": (Frechet(ddof=0), "inception"),
        "is": (ClassifierScore(shuffle_seed=None), "inception"),
        "kid": (Kernel(), "inception"),
    },
    "clean-fid": {
        "fid": (Frechet(), "inception-clean"),
        "kid": (Kernel(), "inception-clean"),
    },
}


def choose(names, protocol=None):
    """[(name, score, its extractor's name)] of the scores asked for.

    Args:
        names: of scores; of a protocol none means all of its.
        protocol: one of `PROTOCOLS`, or None for kgan's own settings.

    Raises:
        ValueError: a score or protocol that there is not.

    Example:
        >>> [(name, extractor) for name, _, extractor in choose(["fd", "swd"])]
        [('fd', 'classifier'), ('swd', None)]
    """
    if protocol is not None and protocol not in PROTOCOLS:
        raise ValueError(f"there is no protocol {protocol!r}; expected one of {', '.join(PROTOCOLS)}.")
    known = PROTOCOLS[protocol] if protocol else SCORES
    chosen = []
    for name in dict.fromkeys(names or (known if protocol else ["fid"])):
        if name not in known:
            where = f"{protocol} does not define" if protocol else "there is no"
            raise ValueError(f"{where} {name!r}; expected one of {', '.join(known)}.")
        chosen.append((name, *known[name]))
    return chosen
