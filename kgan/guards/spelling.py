"""Arguments by the names that other libraries give them."""

import inspect

from kgan.configurable import arguments


def check_spelling(objective, named):
    """Refuses `label_smoothing=`, as Keras' losses call it, with what kgan calls it.

    Args:
        objective: class of a game.
        named: what its constructor is given by name.

    Raises:
        TypeError: the constructor has no such argument.
    """
    parameters = inspect.signature(objective.__init__).parameters.values()
    takes_all = any(parameter.kind is inspect.Parameter.VAR_KEYWORD for parameter in parameters)
    known = arguments(objective)
    if "label_smoothing" not in named or "label_smoothing" in known or takes_all:
        return
    loss = known["adversarial_loss"].default if "adversarial_loss" in known else None
    says = "its losses have no labels to smooth"
    if loss is not None:
        name = type(loss).__name__ if hasattr(loss, "real_labels") else "NonSaturating"
        says = f"kgan smooths the targets of the loss: adversarial_loss=kgan.losses.{name}(real_labels=0.9)"
    raise TypeError(f"{objective.__name__} takes no label_smoothing=; {says}.")
