#!/usr/bin/env bash
# TensorFlow 2.21.0 (CPU): inside a tf.function the second derivative of max pooling to the same size is wrong, silently.
#
# Guess: a gradient of a gradient is the same in a tf.function as eagerly, as it is for pooling that makes images smaller.
# Seen: for tf.nn.max_pool2d(x, 3, strides=1, padding="SAME") a gradient penalty's own gradient deviates by half of its
# length from differences, without a word, in a tf.function; eagerly it agrees to 1e-4. With strides of 2, or with
# padding="VALID", both agree. A critic with such a layer (stride-1 pooling, as in Inception blocks) trains under a
# penalty on another function than the one that is written.
#
# Run 2026-12-01 on 2 cores of an Intel Xeon: tensorflow-cpu 2.21.0, Python 3.11. Output:
#   3x3, strides 1, SAME: eager 0.0001, tf.function 0.4940
#   2x2, strides 2, SAME: eager 0.0001, tf.function 0.0001
#   2x2, strides 1, VALID: eager 0.0001, tf.function 0.0001
# Exit code 0 while it is so, 1 when it has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q tensorflow-cpu==2.21.0 keras==3.15.1 numpy==2.4.6
cat > "$folder/run.py" <<'PYTHON'
import sys

import numpy as np
import tensorflow as tf

random = np.random.default_rng(0)
x = tf.constant(random.normal(size=(1, 4, 4, 1)), tf.float32)
start = random.normal(size=(4, 4, 1)).astype("float32")


def penalty(w, pool):
    """|d/dx sum pool(sin(w x))^2|^2."""
    with tf.GradientTape() as tape:
        tape.watch(x)
        score = tf.reduce_sum(pool(tf.math.sin(x * w)) ** 2)
    return tf.reduce_sum(tape.gradient(score, x) ** 2)


def deviations(pool, step=1e-3):
    """Of the penalty's gradient from central differences, relative: eagerly, and in a tf.function."""
    w = tf.Variable(start)

    def gradient():
        with tf.GradientTape() as tape:
            value = penalty(w, pool)
        return tape.gradient(value, w)

    differences = np.zeros_like(start)
    for index in np.ndindex(*start.shape):
        up, down = start.copy(), start.copy()
        up[index] += step
        down[index] -= step
        differences[index] = (float(penalty(tf.constant(up), pool)) - float(penalty(tf.constant(down), pool))) / (2 * step)
    return [
        float(np.linalg.norm(found.numpy() - differences) / np.linalg.norm(differences))
        for found in (gradient(), tf.function(gradient)())
    ]


cases = {
    "3x3, strides 1, SAME": lambda v: tf.nn.max_pool2d(v, 3, 1, "SAME"),
    "2x2, strides 2, SAME": lambda v: tf.nn.max_pool2d(v, 2, 2, "SAME"),
    "2x2, strides 1, VALID": lambda v: tf.nn.max_pool2d(v, 2, 1, "VALID"),
}
found = {name: deviations(pool) for name, pool in cases.items()}
print("tensorflow", tf.__version__)
for name, (eager, graph) in found.items():
    print(f"{name}: eager {eager:.4f}, tf.function {graph:.4f}")
same, *others = found.values()
still = same[0] < 1e-3 and same[1] > 0.1 and all(max(pair) < 1e-3 for pair in others)
sys.exit(0 if still else 1)
PYTHON
TF_CPP_MIN_LOG_LEVEL=3 "$folder/venv/bin/python" "$folder/run.py" 2> /dev/null
