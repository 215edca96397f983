"""Discriminators that reconstruct what they see."""


def check_autoencoder(discriminator):
    """Refuses a discriminator whose first output is not of the shape of what it sees."""
    seen, made = tuple(discriminator.inputs[0].shape[1:]), tuple(discriminator.outputs[0].shape[1:])
    if seen != made:
        raise ValueError(
            f"The discriminator must be an autoencoder: it takes {seen}, and its first output must be the "
            f"reconstruction, of the same shape; got {made}."
        )
