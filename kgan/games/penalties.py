"""The regularisers of a game, as terms of its players' losses."""

import tensorflow as tf

from kgan.games import second_derivatives
from kgan.layers.coupling import coupling_layers
from kgan.remarks import remark


def check(game):
    """Refuses regularisers that name no player of the game, or do not fit its networks; says which do nothing."""
    check_coupling(game)
    judges_examples = bool(game.judges) and game.judges_of_examples() == list(game.judges)
    for regularizer in game.regularizers:
        name = type(regularizer).__name__
        for player in getattr(regularizer, "players", None) or ():
            if player not in game.players:
                raise ValueError(
                    f"{name} is for {player!r}, and the players of {type(game).__name__} are {', '.join(game.players)}."
                )
        if not hasattr(regularizer, "of_weights") and not judges_examples:
            raise ValueError(
                f"{name} looks at a discriminator of examples, and {type(game).__name__} has none; take WeightDecay, "
                f"or none."
            )
        if getattr(regularizer, "weight", None) == 0:
            remark(f"{name} of weight 0 does nothing but cost time; give it a weight, or leave it out.")


def check_coupling(game):
    """Refuses discriminators in which no example has a gradient of its own, where a regulariser judges that."""
    judging = [regularizer for regularizer in game.regularizers if regularizer.per_example]
    for player in game.judges if judging else ():
        for layer in coupling_layers(getattr(game, player)):
            raise ValueError(
                f"The {player}'s {layer.name!r} couples the examples of a minibatch, and {type(judging[0]).__name__} "
                f"judges the gradient of each by itself; leave the layer out, or replace batch normalisation with "
                f'layer normalisation (normalization="layer").'
            )


def check_lazy(game):
    """Refuses lazy terms on several replicas where the discriminator's statistics are shared."""
    lazy = [regularizer for regularizer in game.regularizers if regularizer.every > 1]
    for player in game.judges if lazy else ():
        for layer in coupling_layers(getattr(game, player)):
            raise ValueError(
                f"{type(lazy[0]).__name__}(every={lazy[0].every}) needs the {player}'s {layer.name!r} more often in "
                f"some updates than in others, and replicas share its statistics in a fixed order only; take every=1, "
                f"train on one device, or use layer normalisation."
            )


def total(game, network, real, fake):
    """The sum of the regularisers that concern one of the players: a scalar."""
    player = game.player_of(network)
    terms = [
        _term(game, index, network, real, fake)
        for index, regularizer in enumerate(game.regularizers) if regularizer.concerns(player, game.judges)
    ]  # fmt: skip
    return tf.add_n(terms) if terms else tf.zeros([])


def _term(game, index, network, real, fake):
    """What one regulariser adds to the loss in this update."""
    regularizer = game.regularizers[index]

    def term():
        if hasattr(regularizer, "of_weights"):
            return regularizer.of_weights(network)
        score = game.score_of(network)
        value = regularizer(score, real, fake, game.draws(f"regularizer {index}"))
        second_derivatives.check(value, game)
        return value

    if regularizer.every == 1 or game._moment.observing:
        return term()
    update = game.step.value * game.num_minibatches + game._moment.update
    return tf.cond(update % regularizer.every == 0, lambda: regularizer.every * term(), lambda: tf.zeros([]))
