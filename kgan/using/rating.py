"""Real or generated? A page on which a person says it image by image, and what the answers are worth."""

import base64
import hashlib
import html
import io
import json
import math
import os
import re
from pathlib import Path

import numpy as np

from kgan import recipe
from kgan.files import replacing
from kgan.using.loading import good_for

Z = 1.959963984540054  # the normal distribution's 97.5% point


def accuracy(correct, total):
    """The share of right answers with its 95% interval: what the page shows.

    The interval is Wilson's (J. Am. Stat. Assoc. 22, 1927, page 209), without a correction for continuity. It stays
    inside [0, 1], and contains 1/2 exactly where the score test at 5% does not reject guessing.

    Args:
        correct: how many answers were right, from 0 to `total`.
        total: how many there were, at least 1. Each trial counts once: several people's answers to the same images
            are not independent.

    Returns:
        (share, low, high), floats in [0, 1].

    Raises:
        ValueError: other numbers than these.

    Example:
        >>> [round(x, 4) for x in accuracy(50, 100)]
        [0.5, 0.4038, 0.5962]
    """
    if total < 1 or not 0 <= correct <= total:
        raise ValueError(f"expected 0 <= correct <= total and a total of at least 1; got {correct} of {total}.")
    middle = (correct + Z * Z / 2) / (total + Z * Z)
    half = Z * math.sqrt(correct * (total - correct) / total + Z * Z / 4) / (total + Z * Z)
    # At the ends rounding would leave 1e-17 instead of 0.
    return correct / total, 0.0 if correct == 0 else middle - half, 1.0 if correct == total else middle + half


def rate(run, count, seed, out):
    """Writes the page of a run's trials to `out`; returns the path.

    Half of the images are the data set's, drawn without replacement, as the networks see them; half are the
    generator's, of latents and (for conditional generators) labels of the data set that are drawn anew.

    Args:
        run: a run folder; others do not know their data set.
        count: number of trials, even, at least 2.
        seed: of the choice, the latents and the order.
        out: where the page goes; its name ends in .html.

    Raises:
        ValueError: the model has no data set or no pictures, or there are not enough of them.
        FileNotFoundError: there is no model.
    """
    run, out = Path(run), Path(out)
    if out.suffix.lower() != ".html":
        raise ValueError(f"--out {out}: expected the name of an HTML file, like {out.with_suffix('.html')}.")
    if count < 2 or count % 2:
        raise ValueError(f"-n {count}: expected an even number from 2 on, for half of the images are real.")
    images, real, step = _trials(run, count, seed)
    text = page(images, real, run.resolve().name, step)
    with replacing(out) as temporary:
        temporary.write_text(text, encoding="utf-8")
    return out


def page(images, real, name, step):
    """A self-contained HTML page of trials, one for each image, in this order.

    Everything is inside: the page makes no request, and its policy (CSP) forbids any. Answers stay in the browser's
    localStorage and the tab's history, under a name made from the page's content. The truth is not encrypted, only not
    to be read by eye.

    Args:
        images: uint8 [n, height, width, channels] with 1, 3 or 4 channels.
        real: booleans [n]: whether each is real.
        name, step: of the model, shown and written beside the answers.

    Returns:
        The page as a string.

    Example:
        >>> text = page(np.zeros([2, 8, 8, 1], np.uint8), [True, False], "toy", step=100)
        >>> "http:" in text or "https:" in text
        False
    """
    name = os.fsencode(name).decode("utf-8", "replace")
    trials = {"run": name, "step": int(step), "key": _key(real), "images": [_png(image) for image in images]}
    digest = hashlib.sha256(json.dumps(trials).encode()).hexdigest()[:16]
    template = Path(__file__).with_suffix(".html").read_text(encoding="utf-8")
    values = {
        "title": html.escape(name),
        # Escapes "<", the only character that could end the script element.
        "trials": json.dumps({"page": digest} | trials).replace("<", "\\u003c"),
        "style": _hash("style", template),
        "script": _hash("script", template),
    }
    # In one pass: a run's name may look like another place.
    return re.sub(r"\{\{(\w+)\}\}", lambda place: values[place[1]], template)


def _trials(run, count, seed):
    """Images uint8 [count, H, W, C] in random order, whether each is real, and the generator's step."""
    model = good_for(run, "sample", "map")
    if not (run / "recipe.yaml").is_file():
        raise ValueError(f"{run} does not say which data set is the real one; give the run folder of a `kgan fit`.")
    plan = recipe.load(run / "recipe.yaml")
    dataset = plan.build("dataset", plan.dataset)
    sets = dataset
    dataset = next(iter(sets.references.values()))
    if not dataset.kind.visible:
        raise ValueError(
            f"{run} makes {dataset.kind.plural.lower()} of shape {tuple(dataset.data_shape)}; only pictures can be "
            f"rated by eye."
        )
    half = count // 2
    if half > len(dataset):
        raise ValueError(f"-n {count}: expected at most {2 * len(dataset)}; the data set has {len(dataset)} images.")
    random = np.random.default_rng(seed)
    # uint8 pixels come through unchanged; others are rounded as the samples are.
    real = dataset.kind.stored(dataset.encode(dataset.batch(random.permutation(len(dataset))[:half]).images))
    product = model.products[0]
    if product.verb == "map":
        source = sets.parts[product.source]
        taken = source.batch(random.permutation(len(source))[:half] % len(source)).images
        return _mixed(
            real, model.map(np.asarray(source.encode(taken), np.float32), to=product.target), run, model, random
        )
    labels = dataset.batch(random.integers(len(dataset), size=half)).labels
    # A seed drawn from the seed: the rater may know the samples of the seed itself from `kgan sample`.
    fake = model.sample(half, seed=int(random.integers(2**63)), labels=labels if model.conditional else None)
    return _mixed(real, fake, run, model, random)


def _mixed(real, fake, run, model, random):
    """The trials of as many real and generated images."""
    if real.shape != fake.shape:
        raise ValueError(f"{run}: the data set has images of {real.shape[1:]}, the generator makes {fake.shape[1:]}.")
    order = random.permutation(2 * len(real))
    return np.concatenate([real, fake])[order], order < len(real), int(model.step.numpy())


def _png(image):
    """A picture [H, W, C] as base64 of a PNG without metadata."""
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(image[..., 0] if image.shape[-1] == 1 else image).save(buffer, format="PNG", optimize=True)
    return base64.b64encode(buffer.getvalue()).decode()


def _key(real):
    """The truth as base64: bytes that hide the bits, then the bits so hidden."""
    bits = np.packbits(np.asarray(real, bool), bitorder="little").tobytes()
    mask = hashlib.shake_256(bits).digest(len(bits))
    return base64.b64encode(mask + bytes(a ^ b for a, b in zip(mask, bits, strict=True))).decode()


def _hash(element, template):
    """What the page's policy calls its one `element`: the hash of the text inside."""
    (text,) = re.findall(rf"<{element}>(.*?)</{element}>", template, re.DOTALL)
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
