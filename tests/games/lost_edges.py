r"""Prints how many reads of weights updates wait for, and how many they do not any more once TensorFlow optimised.

    TF_DUMP_GRAPH_PREFIX=DIR TF_CPP_VMODULE=meta_optimizer=4 TF_CPP_MIN_LOG_LEVEL=0 \
        python -m tests.games.lost_edges [on]

With "on", under TensorFlow's own setting. One line for each game: its name, those kept, those lost. DIR is emptied.
"""

import os
import sys
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from google.protobuf import text_format
from tensorflow.core.framework import graph_pb2

import kgan
from tests.conftest import networks

# Those whose edges were seen to be lost, and one with several updates of a player.
GAMES = (
    (kgan.FGAN, {}),
    (kgan.R3GAN, {}),
    (kgan.StandardGAN, {"regularizers": [kgan.regularizers.GradientPenalty()]}),
    (kgan.WGANGP, {"discriminator_steps": 2}),
)

STAGES = ("before_MetaOptimizer_iteration_0", "after_MetaOptimizer")


def read_graph(folder, stage):
    """The nodes, by name, of the largest graph that TensorFlow wrote of a stage: the training step's."""
    largest = max(folder.glob(f"{stage}*"), key=lambda path: path.stat().st_size)
    graph = text_format.Parse(largest.read_text(), graph_pb2.GraphDef())
    return {node.name: node for node in graph.node}


def above(graph, name):
    """The names of all nodes that run before one."""
    found, left = set(), [name]
    while left:
        parents = {parent.lstrip("^").split(":")[0] for parent in graph[left.pop()].input}
        left += parents - found
        found |= parents
    return found


def waits(before, after):
    """For each update and each read that it waited for `before`, where both are left: does it wait `after`?"""
    used = {name.split(":")[0] for node in after.values() for name in node.input if not name.startswith("^")}
    for node in before.values():
        if node.op.startswith("Assign") and node.name in after:
            reads = (name.removeprefix("^") for name in node.input if name.startswith("^"))
            for read in reads:
                if read in used and after[read].op == "ReadVariableOp":
                    yield read in above(after, node.name)


if __name__ == "__main__":
    folder = Path(os.environ["TF_DUMP_GRAPH_PREFIX"])
    assert issubclass(kgan.FGAN, kgan.objectives.Game)  # which sets the option
    if sys.argv[1:] == ["on"]:
        tf.config.optimizer.set_experimental_options({"dependency_optimization": True})
    for objective, options in GAMES:
        for path in folder.iterdir():
            path.unlink()
        gan = objective(*networks(objective), **options)
        gan.compile(generator_optimizer=keras.optimizers.Adam(), discriminator_optimizer=keras.optimizers.Adam())
        tf.function(gan.train_step)(np.ones([20, 2], "float32"))
        before, after = (read_graph(folder, f"{stage}_[0-9]") for stage in STAGES)
        found = list(waits(before, after))
        print(objective.__name__, found.count(True), found.count(False))
