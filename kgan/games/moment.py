"""Where in a step a trace is."""

import threading


class Moment(threading.local):
    """Where in a step the trace is. Replicas are traced in threads of their own, in turns, and each has its own.

    Attributes:
        update: which of the discriminator's updates, or the generator's, which comes last.
        looks: how often the discriminator has looked at an augmented batch in this update.
        observing: whether nothing learns.
        norms: of the players' gradients, gathered while `inspect` looks; None otherwise.
    """

    update = 0
    looks = 0
    observing = False
    norms: dict | None = None
