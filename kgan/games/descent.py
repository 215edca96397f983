"""One step down a loss: the gradients of several players, scaled for replicas and loss scales, and their optimizers."""

import keras
import tensorflow as tf

from kgan.games import averages


def backward(game, loss, tape, networks):
    """The gradients of each of several networks, each scaled for its own optimizer."""
    if not networks:
        return []
    replicas = tf.distribute.get_replica_context().num_replicas_in_sync
    optimizers = [game.optimizer_of(network) for network in networks]
    seed = optimizers[0].scale_loss(tf.constant(1.0 / replicas, loss.dtype))
    variables = [[variable.value for variable in network.trainable_variables] for network in networks]
    try:
        everything = tape.gradient(loss, variables, output_gradients=seed)
    except LookupError as error:  # "... no entry for: SomeOperationGrad"
        operation = str(error).rpartition(" ")[2]
        raise ValueError(
            f"TensorFlow has no derivative of {operation}, which the loss of {game.player_of(networks[0])!r} needs (a "
            f"penalty on gradients needs second derivatives): use other layers, or leave the penalty out."
        ) from None
    for network, gradients in zip(networks, everything, strict=True):
        for variable, gradient in zip(network.trainable_variables, gradients, strict=True):
            if gradient is None:
                raise ValueError(
                    f"The loss of {game.player_of(network)!r} does not depend on its weight {variable.path!r}: freeze "
                    f"it (trainable = False), or use layers that have a (second) derivative."
                )
    if len(networks) == 1 or not any(map(_scales, optimizers)):
        return everything
    # The backward pass used the first optimizer's loss scale. The others' scales may differ, so theirs are rescaled.
    one = tf.ones([], loss.dtype)
    ratios = [optimizer.scale_loss(one) / optimizers[0].scale_loss(one) for optimizer in optimizers[1:]]
    scaled = [[tf.convert_to_tensor(gradient) * tf.cast(ratio, gradient.dtype) for gradient in gradients]
              for ratio, gradients in zip(ratios, everything[1:], strict=True)]  # fmt: skip
    return [everything[0], *scaled]


def apply(game, gradients, network):
    """Gives `gradients` to the network's optimizer."""
    optimizer = game.optimizer_of(network)
    replicas = tf.distribute.get_replica_context()
    if game._moment.norms is not None:  # `inspect` asks for the norms, and nothing learns
        unit = optimizer.scale_loss(tf.constant(1.0 / replicas.num_replicas_in_sync))
        game._moment.norms[game.player_of(network)] = tf.linalg.global_norm(
            [tf.cast(g, tf.float32) / unit for g in gradients]
        )
        return
    if replicas.num_replicas_in_sync > 1 and isinstance(optimizer, keras.optimizers.LossScaleOptimizer):
        # Keras checks only this replica's gradients for overflow, and would apply another replica's inf.
        finite = tf.reduce_all([tf.reduce_all(tf.math.is_finite(gradient)) for gradient in gradients])
        overflows = replicas.all_reduce("SUM", tf.cast(~finite, tf.float32))
        gradients = [tf.where(overflows > 0, tf.fill(tf.shape(g), tf.constant(float("inf"), g.dtype)), g)
                     for g in gradients]  # fmt: skip
    optimizer.apply(gradients, network.trainable_variables)
    if game._moment.observing:
        return
    for name in game.averaged:
        if network is getattr(game, name):
            average = game.averaged_network(name)
            averages.follow(average, network, game.ema, game.step.value)
            game.power_iterate(average)  # an average of singular vectors is not the average's


def _scales(optimizer):
    """Whether an optimizer scales the loss."""
    return isinstance(optimizer, keras.optimizers.LossScaleOptimizer) or bool(optimizer.loss_scale_factor)
