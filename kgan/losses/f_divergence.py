"""f-divergences by their variational bound."""

import dataclasses
import math
from collections.abc import Callable

import tensorflow as tf
from tensorflow import reduce_mean as mean
from tensorflow.nn import softplus

from kgan.losses.adversarial_loss import AdversarialLoss

LOG2 = math.log(2)


@dataclasses.dataclass(frozen=True)
class Divergence:
    """A row of the f-GAN's tables: D_f(P, Q) = E_Q f(p / q) and what its bound needs.

    Attributes:
        f: the convex function of the density ratio u > 0.
        activation: g_f, from a raw score to the domain of the conjugate.
        conjugate: f*(t) = sup_u (u t - f(u)).
        conjugate_of_activation: f*(g_f(v)), simplified by hand so that nothing overflows before it must.
        largest: D_f of distributions that do not overlap, f(0) + lim f(u) / u; None for infinity.
    """

    f: Callable
    activation: Callable
    conjugate: Callable
    conjugate_of_activation: Callable
    largest: float | None = None


DIVERGENCES = {
    "kl": Divergence(
        f=lambda u: u * tf.math.log(u),
        activation=lambda v: v,
        conjugate=lambda t: tf.exp(t - 1),
        conjugate_of_activation=lambda v: tf.exp(v - 1),
    ),
    "reverse_kl": Divergence(
        f=lambda u: -tf.math.log(u),
        activation=lambda v: -tf.exp(-v),
        conjugate=lambda t: -1 - tf.math.log(-t),
        conjugate_of_activation=lambda v: v - 1,
    ),
    "pearson": Divergence(
        f=lambda u: tf.square(u - 1),
        activation=lambda v: v,
        conjugate=lambda t: tf.square(t) / 4 + t,
        conjugate_of_activation=lambda v: tf.square(v) / 4 + v,
    ),
    "squared_hellinger": Divergence(
        f=lambda u: tf.square(tf.sqrt(u) - 1),
        activation=lambda v: -tf.math.expm1(-v),
        conjugate=lambda t: t / (1 - t),
        conjugate_of_activation=lambda v: tf.math.expm1(v),
        largest=2.0,
    ),
    "jensen_shannon": Divergence(
        f=lambda u: u * tf.math.log(u) - (u + 1) * tf.math.log((u + 1) / 2),
        activation=lambda v: LOG2 - softplus(-v),
        conjugate=lambda t: -tf.math.log(2 - tf.exp(t)),
        conjugate_of_activation=lambda v: softplus(v) - LOG2,
        largest=2 * LOG2,
    ),
    "gan": Divergence(
        f=lambda u: u * tf.math.log(u) - (u + 1) * tf.math.log(u + 1),
        activation=lambda v: -softplus(-v),
        conjugate=lambda t: -tf.math.log1p(-tf.exp(t)),
        conjugate_of_activation=lambda v: softplus(v),
        largest=0.0,
    ),
}


class FDivergence(AdversarialLoss):
    """The variational bound of an f-divergence. Nowozin et al. 2016, f-GAN, equation 6 and tables 1, 2 and 6
    (https://arxiv.org/abs/1606.00709).

    With V the raw score, the discriminator maximises E g_f(V(x)) - E f*(g_f(V(G(z)))), which reaches D_f(p_r, p_g)
    where g_f(V) = f'(p_r / p_g); the generator minimises the same. -d_loss is the estimate of the divergence.
    "jensen_shannon" is the paper's: twice the JSD of `kgan.distances`; "gan" is that less 2 log 2, so that it is the
    same as `Minimax`. "kl", "reverse_kl" and "squared_hellinger" have exponentials of the scores: they need small
    learning rates, or a regulariser.

    Args:
        divergence: "kl" for KL(p_r, p_g), "reverse_kl" for KL(p_g, p_r), "pearson" for the chi-squared divergence of
            p_r from p_g, "squared_hellinger", "jensen_shannon" or "gan".
        alternative: the generator maximises E g_f(V(G(z))) instead, the paper's section 3.2: a trick against
            gradients that vanish; for "gan" it is `NonSaturating`.

    Raises:
        ValueError: there is no such divergence.

    Example:
        >>> import tensorflow as tf
        >>> float(FDivergence("pearson").discriminator(tf.constant([2.0]), tf.constant([-2.0])))  # -(2 - (1 - 2))
        -3.0
    """

    def __init__(self, divergence: str = "kl", alternative: bool = False):
        if divergence not in DIVERGENCES:
            raise ValueError(f"divergence must be one of {', '.join(DIVERGENCES)}; got {divergence!r}.")
        self.divergence, self.alternative = divergence, alternative

    @property
    def perfect(self):
        largest = DIVERGENCES[self.divergence].largest
        return None if largest is None else -largest

    @property
    def saturates(self):
        return self.perfect is not None

    def discriminator(self, real_scores, fake_scores, draws=None):
        row = DIVERGENCES[self.divergence]
        return mean(row.conjugate_of_activation(fake_scores)) - mean(row.activation(real_scores))

    def generator(self, fake_scores):
        row = DIVERGENCES[self.divergence]
        return -mean((row.activation if self.alternative else row.conjugate_of_activation)(fake_scores))
