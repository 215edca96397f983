#!/usr/bin/env bash
# TensorFlow 2.21.0 (CPU): a tf.function hides NaN from a Dense layer with ReLU that the same code passes on eagerly.
#
# Guess: relu(NaN) is NaN, eagerly and in a tf.function, so that weights that are not numbers end in a loss that is none.
# Seen: Grappler fuses the product, the bias and the ReLU into one kernel, which gives 0 for NaN; eagerly, and with that
# optimiser off, NaN comes out. A network whose first Dense layer is full of NaN has a finite output and a finite loss in
# a compiled step, and a training goes on with dead units: whoever looks at losses alone (Keras' TerminateOnNaN) sees
# nothing. A leaky ReLU passes NaN on in both ways.
#
# Run 2026-12-01 on 2 cores of an Intel Xeon: tensorflow-cpu 2.21.0, Python 3.11. Output:
#   relu: NaN among 8 outputs: eager 8, tf.function 0, tf.function without remapping 8
#   leaky_relu: NaN among 8 outputs: eager 8, tf.function 8, tf.function without remapping 8
# Exit code 0 while it is so, 1 when it has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q tensorflow-cpu==2.21.0 keras==3.15.1 numpy==2.4.6
cat > "$folder/run.py" <<'PYTHON'
import sys

import keras
import numpy as np
import tensorflow as tf

x = np.ones([4, 3], "float32")


def outputs(activation):
    """How many outputs are NaN of a network with a first layer of NaN: eagerly, in a tf.function, and unoptimised."""
    network = keras.Sequential([keras.Input([3]), keras.layers.Dense(8, activation=activation), keras.layers.Dense(2)])
    network.layers[0].kernel.assign(np.full([3, 8], np.nan))
    found = [int(np.isnan(network(x).numpy()).sum()), int(np.isnan(tf.function(network)(x).numpy()).sum())]
    before = tf.config.optimizer.get_experimental_options()
    tf.config.optimizer.set_experimental_options({"remapping": False})
    found.append(int(np.isnan(tf.function(lambda v: network(v))(x).numpy()).sum()))
    tf.config.optimizer.set_experimental_options({"remapping": before.get("remapping", True)})
    return found


print("tensorflow", tf.__version__)
found = {name: outputs(name) for name in ("relu", "leaky_relu")}
for name, (eager, graph, unfused) in found.items():
    print(f"{name}: NaN among 8 outputs: eager {eager}, tf.function {graph}, tf.function without remapping {unfused}")
sys.exit(0 if found["relu"] == [8, 0, 8] and found["leaky_relu"] == [8, 8, 8] else 1)
PYTHON
TF_CPP_MIN_LOG_LEVEL=3 "$folder/venv/bin/python" "$folder/run.py" 2> /dev/null
