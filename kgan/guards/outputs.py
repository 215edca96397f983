"""What a discriminator's outputs are: raw scores, and which of several heads is which."""

from kgan.guards.reach import reaches
from kgan.remarks import remark

# How people name an output that says how real something is, and one that says what it is.
SCORES = ("score", "valid", "real", "source", "adversarial")
GUESSES = ("class", "label", "guess", "aux", "code")


def check_scores(discriminator, index=0):
    """Refuses an output that holds no raw scores: [N], [N, 1], or patches of them, as [N, h, w, 1].

    Raises:
        ValueError: the output has several columns, or an activation that keeps it within bounds.
    """
    shape = tuple(discriminator.outputs[index].shape)
    if (len(shape) == 2 or len(shape) > 3) and shape[-1] != 1:
        raise ValueError(
            f"The discriminator must return raw scores, one for each example, [N, 1], or for each patch, "
            f"[N, h, w, 1]; got {list(shape)}. End it in a layer with one output, such as Dense(1)."
        )
    check_raw("discriminator", discriminator, index, "raw scores")


def check_raw(role, network, index, what):
    """Refuses an output of `network` that an activation keeps within bounds, where `what` may be any number."""
    reach = reaches(network)[index]
    if reach.unlimited:
        return
    sentence = (
        f"The {role} ends in {reach.cause or 'an activation'}, which keeps its {what} in {reach}; kgan's losses take "
        f"{what}, of any size, and apply what they need themselves: end it without an activation."
    )
    # Scores that cannot be negative are unusual, but not certainly a mistake as squashed ones are.
    if not reach.bounded and reach.low >= 0:
        remark(sentence)
    else:
        raise ValueError(sentence)


def order_of_heads(discriminator, wanted):
    """Which of two outputs holds the scores, and which the guesses: their indices in that order.

    They are told apart by their layers' names (or their keys, where the outputs are a dictionary), else by their
    width: a score has one column. Where neither tells, the scores come first.

    Args:
        discriminator: Keras model with one input of examples and two outputs.
        wanted: what the outputs must be, in words.

    Raises:
        ValueError: there are not two outputs, or none has one column.
    """
    shapes = [list(output.shape) for output in discriminator.outputs]
    if len(discriminator.inputs) != 1 or len(shapes) != 2:
        raise ValueError(f"The discriminator must take images alone and return {wanted}; it returns {shapes}.")
    widths = [shape[-1] if len(shape) > 1 else 1 for shape in shapes]
    if 1 not in widths:
        raise ValueError(
            f"The discriminator must return {wanted}, and scores have one column; its outputs have the shapes {shapes}."
        )
    kinds = [_named(name) for name in _names(discriminator)]
    scores = widths.index(1)
    if kinds.count("scores") == 1:
        scores = kinds.index("scores")
    elif kinds.count("guesses") == 1:
        scores = 1 - kinds.index("guesses")
    if widths[scores] != 1:  # the name does not mean the scores, which have width 1
        scores = 1 - scores
    return scores, 1 - scores


def _names(network):
    """The names of the outputs: keys of a dictionary, or those of the layers that make them."""
    structure = getattr(network, "_outputs_struct", None)
    if isinstance(structure, dict):
        return sorted(structure)
    return [output._keras_history.operation.name for output in network.outputs]


def _named(name):
    name = name.lower()
    return next(
        (kind for kind, words in (("scores", SCORES), ("guesses", GUESSES)) if any(word in name for word in words)),
        None,
    )
