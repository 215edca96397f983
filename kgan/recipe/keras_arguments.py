"""Which numbers the optimizers, schedules and callbacks of Keras take, which do not say it themselves.

Keras 3.15 annotates no argument, and checks few: a negative learning rate ascends, and a beta of 1 never moves.
"""

from typing import Annotated

from kgan.ranges import Positive, Range, Weight

Duration = Annotated[int, Range("[1, inf)")]
Period = Annotated[int | float, Range("[0, inf)")]
Share = Annotated[float, Range("[0, 1)")]

ANNOTATIONS = {
    "learning_rate": Weight, "initial_learning_rate": Weight, "end_learning_rate": Weight, "alpha": Weight,
    "warmup_target": Weight | None, "weight_decay": Weight | None, "min_lr": Weight,
    "values": Annotated[list[float], Range("[0, inf)")], "boundaries": Annotated[list[float], Range("[0, inf)")],
    "decay_steps": Duration, "first_decay_steps": Duration,
    "gradient_accumulation_steps": Duration | None, "ema_overwrite_frequency": Duration | None,
    "warmup_steps": Period, "patience": Period, "cooldown": Period, "start_from_epoch": Period,
    "epsilon": Positive, "decay_rate": Positive, "power": Positive, "factor": Positive,
    "clipnorm": Positive | None, "clipvalue": Positive | None, "global_clipnorm": Positive | None,
    "loss_scale_factor": Positive | None,
    "beta_1": Share, "beta_2": Share, "rho": Share, "momentum": Share, "ema_momentum": Share,
}  # fmt: skip
