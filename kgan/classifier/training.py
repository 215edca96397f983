"""The one recipe by which classifiers are trained."""

import datetime
import math
import time

import keras
import numpy as np
import tensorflow as tf

from kgan import __version__
from kgan.classifier import network as networks
from kgan.classifier.anchors import measure
from kgan.classifier.extractor import Classifier, scaled
from kgan.classifier.places import described, family
from kgan.datasets.dataset import Order
from kgan.images import to_uint8
from kgan.metrics.inception import full_float32

EPOCHS = 10
FEWEST_STEPS = 1500  # a small set takes more epochs
BATCH = 128
PEAK = 0.1  # learning rate at the end of the warm-up, from where it falls to zero as a cosine
WARM_UP = 0.2  # share of the steps
MOMENTUM = 0.9
WEIGHT_DECAY = 5e-4  # of kernels
SHIFT = 2  # pixels along each axis, at the most: one in 14 of Fashion-MNIST's
RECIPE = {
    "epochs": EPOCHS, "fewest_steps": FEWEST_STEPS, "batch_size": BATCH, "optimizer": "SGD, Nesterov",
    "learning_rate": PEAK, "schedule": f"warm-up over {WARM_UP:.0%}, cosine to 0", "momentum": MOMENTUM,
    "weight_decay": WEIGHT_DECAY, "augmentation": f"shifts of up to {SHIFT} pixels",
}  # fmt: skip

FEWEST = 150  # images of a training set: a batch and those held out
HELD_OUT = 10  # one in so many, where there is no test split


def train(dataset, test=None, seed=0, say=print):
    """Trains the classifier of a labelled image set and measures its accuracy and anchors; saves nothing.

    SGD with Nesterov's momentum under a one-cycle learning rate (Smith & Topin 2017, arXiv:1708.07120) on images
    shifted by up to two pixels; not mirrored, for a mirrored digit is none, and a generator that mirrors is to be
    told from one that does not. Float32 without TF32 whatever the global policy is; the same seed on the same machine
    gives the same weights.

    Args:
        dataset: the training split, a data set of images (1, 3 or 4 channels) with class labels.
        test: the test split, or None: then a tenth of `dataset` is held out by a fixed permutation.
        seed: of initial weights, order and shifts.
        say: gets a line for each epoch.

    Returns:
        The `Classifier`.

    Raises:
        ValueError: no class labels, fewer than two classes, no images, or too few of them.
        RuntimeError: the training diverged.
    """
    return _train(dataset, test, seed, say)


def splits(dataset):
    """(training split, test split or None) of the data set of which `dataset` is any split.

    Raises:
        ValueError: a data set of no images, without class labels, or with too few images or classes.
    """
    check(dataset, fewest=1)
    if "split" not in dataset.get_config():
        training, test = dataset, None
    else:
        training, test = _split(dataset, "train") or dataset, _split(dataset, "test")
    check(training)
    return training, test


def check(dataset, fewest=FEWEST):
    """Whether a classifier can be trained on a data set."""
    name = type(dataset).__name__
    if not dataset.kind.visible:
        raise ValueError(f"{name} holds vectors of {dataset.data_shape[0]} numbers; a classifier needs images.")
    if not dataset.num_classes:
        raise ValueError(
            f"{name} has no class labels, which a classifier needs; give it some (ImageFolder: a folder for each "
            "class; NPZ: `labels`), or use metrics that need no classifier: sliced_wasserstein, ms_ssim."
        )
    if dataset.num_classes < 2:
        raise ValueError(f"{name} has one class only, {dataset.class_names[0]!r}; a classifier needs two at least.")
    if len(dataset) < fewest:
        raise ValueError(f"{name} has {len(dataset)} images only; a classifier needs {fewest} at least.")


def _train(dataset, test, seed, say, steps=None):
    begun = time.monotonic()
    check(dataset)
    if test is None:
        order = np.random.default_rng(0).permutation(len(dataset))
        count = len(dataset) // HELD_OUT
        real, held_out = _Examples(dataset, order[count:]), _Examples(dataset, order[:count])
    else:
        check(test, fewest=2)
        real, held_out = _Examples(dataset), _Examples(test)
    steps = steps or max(EPOCHS * (len(real) // BATCH), FEWEST_STEPS)
    network = networks.build(dataset.image_shape, dataset.num_classes, seed)
    with full_float32():
        _descend(network, real, seed, steps, say)
    if not all(np.isfinite(values).all() for values in networks.arrays(network).values()):
        raise RuntimeError("The training of the classifier diverged: its weights are not finite; try another seed.")
    record = {
        "name": family(dataset),
        "dataset": described(dataset),
        "image_shape": list(dataset.image_shape),
        "class_names": list(dataset.class_names),
        "splits": {
            "train": len(real),
            "test": len(held_out),
            "held_out": "the test split" if test is not None else f"one in {HELD_OUT} of the training set",
        },
        "seed": seed,
        "recipe": RECIPE | {"steps": steps},
        "accuracy": None,
        "anchors": None,
        "versions": {
            "kgan": __version__,
            "tensorflow": tf.__version__,
            "keras": keras.__version__,
            "numpy": np.__version__,
        },
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
    }
    classifier = Classifier(network, record)
    record["accuracy"] = _accuracy(classifier, held_out)
    say("measuring the anchors")
    record["anchors"] = measure(classifier, real, held_out)
    record["seconds"] = round(time.monotonic() - begun, 1)
    return classifier


def _descend(network, examples, seed, steps, say):
    """All of the training; a line for each epoch."""
    schedule = keras.optimizers.schedules.CosineDecay(
        0.0, steps - int(WARM_UP * steps), warmup_target=PEAK, warmup_steps=int(WARM_UP * steps)
    )
    optimizer = keras.optimizers.SGD(schedule, MOMENTUM, nesterov=True, weight_decay=WEIGHT_DECAY)
    optimizer.exclude_from_weight_decay(var_names=["gamma", "beta", "bias"])
    weights = network.trainable_variables
    optimizer.build(weights)

    @tf.function
    def step(images, labels, number):
        shifted = _shifted(images, tf.stack([tf.constant(seed % 2**31), number]))
        with tf.GradientTape() as tape:
            logits = network(scaled(shifted), training=True)["logits"]
            loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits))
        optimizer.apply(tape.gradient(loss, weights), weights)
        right = tf.reduce_mean(tf.cast(tf.argmax(logits, axis=1, output_type=tf.int32) == labels, tf.float32))
        return tf.stack([loss, right])

    per_epoch = max(len(examples) // BATCH, 1)
    epochs, begun, recent = math.ceil(steps / per_epoch), time.monotonic(), []
    for number, (images, labels) in enumerate(_batches(examples, seed, steps), start=1):
        recent.append(step(images, labels, tf.constant(number)))
        if number % per_epoch == 0 or number == steps:
            loss, right = np.mean(recent, axis=0)
            left = datetime.timedelta(seconds=round((steps - number) * (time.monotonic() - begun) / number))
            epoch = math.ceil(number / per_epoch)
            say(f"epoch {epoch}/{epochs}  loss {loss:.4f}  accuracy {right:.4f}  eta {left}")
            recent = []


def _batches(examples, seed, steps):
    """Full batches of uint8 images and labels, in an order of each epoch's own that crosses epochs."""
    order = Order(len(examples), seed)

    def load(step):
        return examples.batch(order.indices(int(step) * BATCH, BATCH))

    def batch(step):
        images, labels = tf.numpy_function(load, [step], [tf.uint8, tf.int32], stateful=False)
        return tf.ensure_shape(images, [BATCH, *examples.shape]), tf.ensure_shape(labels, [BATCH])

    options = tf.data.Options()
    options.autotune.enabled = False
    return tf.data.Dataset.range(steps).map(batch).prefetch(2).with_options(options)


def _shifted(images, seed):
    """Each image moved by its own whole number of pixels, up to SHIFT, with its border continued."""
    count, height, width, _ = images.shape
    moves = tf.random.stateless_uniform([2, count, 1], seed, -SHIFT, SHIFT + 1, tf.int32)
    rows = tf.clip_by_value(tf.range(height) + moves[0], 0, height - 1)
    columns = tf.clip_by_value(tf.range(width) + moves[1], 0, width - 1)
    images = tf.gather(images, rows, axis=1, batch_dims=1)
    return tf.gather(images, columns, axis=2, batch_dims=1)


def _accuracy(classifier, examples):
    right = 0
    for images, labels in examples.parts():
        right += int((classifier(images)["logits"].argmax(axis=1) == labels).sum())
    return right / len(examples)


def _split(dataset, name):
    """The split of this name, or None where the set has none, as some of TFDS'."""
    try:
        return type(dataset).from_config({**dataset.get_config(), "split": name})
    except ValueError as error:
        if "has no split" not in str(error):
            raise
        return None


class _Examples:
    """Some or all examples of a data set, as uint8 images and class numbers."""

    def __init__(self, dataset, indices=None):
        self._dataset = dataset
        self._indices = np.arange(len(dataset)) if indices is None else indices
        self.shape = dataset.image_shape
        self.class_names = dataset.class_names

    def __len__(self):
        return len(self._indices)

    def batch(self, places):
        images, labels = self._dataset.batch(self._indices[places])
        if images.dtype != np.uint8:
            images = to_uint8(self._dataset.encode(images))
        return images, np.asarray(labels, np.int32)

    def parts(self, places=None, size=1024):
        """Batches of all examples, or of those at `places`, in order."""
        places = np.arange(len(self)) if places is None else places
        for start in range(0, len(places), size):
            yield self.batch(places[start : start + size])
