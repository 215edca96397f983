"""What a run's samples are worth, measured by what is known of its data set.

    python tools/measure.py RUN [--count 5000]

* Mixtures of Gaussians: modes covered (20 samples within 3 standard deviations of the centre cover a mode), the
  share of samples within 3 standard deviations of any centre.
* Showers: the Wasserstein-1 distance between the total signals of generated and newly simulated footprints, in
  units of the simulated ones' standard deviation.
* Image sets with classes: the share of the samples that a small classifier, trained here on the data set, puts
  into each class, and the total variation from the equal shares.
"""

import argparse
import os
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
from scipy.stats import wasserstein_distance

from kgan import loading, recipe


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("--count", type=int, default=5000, help="samples (default 5000)")
    parser.add_argument("--seed", type=int, default=1, help="of the latents and the new showers (default 1)")
    arguments = parser.parse_args()

    gan = loading.load(arguments.run)
    plan = recipe.load(arguments.run / "recipe.yaml")
    dataset = plan.build("dataset", plan.dataset)
    samples = dataset.decode(gan.sample_values(arguments.count, seed=arguments.seed))
    ((name, options),) = plan.dataset.items()
    print(f"{plan.name} at step {int(gan.step.numpy())}, {arguments.count} samples, seed {arguments.seed}")
    if hasattr(dataset, "centers"):
        modes(dataset, samples)
    elif name == "Showers":
        simulated = type(dataset)(**options | {"split": "test", "size": arguments.count, "seed": arguments.seed})
        signals(simulated, samples)
    elif dataset.class_names:
        class_shares(dataset, samples)
    else:
        print(f"nothing is known of {name} to measure against")


def modes(dataset, samples):
    distance = np.linalg.norm(samples[:, None] - dataset.centers[None], axis=2)
    good = distance.min(axis=1) < 3 * dataset.stddev
    counts = np.bincount(distance.argmin(axis=1)[good], minlength=len(dataset.centers))
    print(f"modes covered: {(counts >= 20).sum()} of {len(counts)}")
    print(f"good samples: {good.mean():.1%}")


def signals(simulated, samples):
    truth = simulated.batch(np.arange(len(simulated))).images.sum(axis=(1, 2, 3))
    made = samples.sum(axis=(1, 2, 3))
    distance = wasserstein_distance(truth, made) / truth.std()
    for name, total in (("simulated", truth), ("generated", made)):
        print(f"total signal, {name}: mean {total.mean():.4g}, standard deviation {total.std():.4g}")
    print(f"W1(total signals) / simulated std: {distance:.3f}")


def class_shares(dataset, samples):
    network = classifier(dataset)
    # What is shown to the classifier was stored as pixels, like the data.
    predicted = network.predict(dataset.encode(samples), batch_size=256, verbose=0).argmax(axis=1)
    shares = np.bincount(predicted, minlength=dataset.num_classes) / len(predicted)
    for name, share in zip(dataset.class_names, shares, strict=True):
        print(f"  {name:14} {share:6.1%}")
    print(f"classes with at least 2%: {(shares >= 0.02).sum()} of {dataset.num_classes}")
    print(f"total variation from equal shares: {np.abs(shares - 1 / dataset.num_classes).sum() / 2:.3f}")


def classifier(dataset):
    """A small convolutional network with a fixed seed; its accuracy on the test split is printed."""
    keras.utils.set_random_seed(0)
    layers = keras.layers
    network = keras.Sequential([keras.Input(dataset.image_shape)])
    for width in (32, 64, 128):
        network.add(layers.Conv2D(width, 3, padding="same", activation="relu"))
        network.add(layers.BatchNormalization())
        network.add(layers.MaxPooling2D())
    network.add(layers.Flatten())
    network.add(layers.Dropout(0.4))
    network.add(layers.Dense(dataset.num_classes))
    network.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
    steps = len(dataset) // 128
    for epoch, rate in enumerate((1e-3, 1e-3, 3e-4, 1e-4)):
        network.optimizer.learning_rate = rate
        network.fit(dataset.batches(128, start=epoch * steps), steps_per_epoch=steps, verbose=0, shuffle=False)
    test = type(dataset)(**dataset.get_config() | {"split": "test"})
    images, labels = test.batch(np.arange(len(test)))
    accuracy = network.evaluate(test.encode(images), labels, batch_size=256, verbose=0, return_dict=True)["accuracy"]
    print(f"classifier: {accuracy:.1%} right on {len(test)} test images")
    return network


if __name__ == "__main__":
    main()
