"""Arguments by the names that other libraries give them."""

from kgan.configurable import arguments


def called_otherwise(objective, name):
    """What kgan calls `label_smoothing=`, an argument of Keras' losses, in games of the class `objective`; else None.

    Example:
        >>> import kgan
        >>> kgan.WGAN(None, None, label_smoothing=0.1)
        Traceback (most recent call last):
        TypeError: WGAN takes no label_smoothing=; its losses have no labels to smooth.
    """
    if name != "label_smoothing":
        return None
    known = arguments(objective)
    loss = known["adversarial_loss"].default if "adversarial_loss" in known else None
    says = "its losses have no labels to smooth"
    if loss is not None:
        name = type(loss).__name__ if hasattr(loss, "real_labels") else "NonSaturating"
        says = f"kgan smooths the targets of the loss: adversarial_loss=kgan.losses.{name}(real_labels=0.9)"
    return f"{objective.__name__} takes no label_smoothing=; {says}."
