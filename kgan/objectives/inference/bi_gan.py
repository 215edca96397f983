"""The bidirectional GAN, with adversarially learned inference."""

import keras
import tensorflow as tf

from kgan.games.latent_variable_model import LatentVariableModel
from kgan.games.portrait import portrait
from kgan.guards.outputs import check_raw, check_scores
from kgan.kinds import Kind
from kgan.losses import AdversarialLoss, NonSaturating
from kgan.priors import Normal, Prior, get
from kgan.products import Codes, Samples
from kgan.ranges import Decay, Seed, Steps
from kgan.regularizers import Regularizer

CODES = Codes("encoder", "generator")


class BiGAN(LatentVariableModel):
    """Bidirectional GAN: an encoder learns beside the generator, and pairs of examples and latents are judged. Donahue
    et al. 2016, equation 2 and section 3.4 (https://arxiv.org/abs/1605.09782); Dumoulin et al. 2016, Algorithm 1
    (https://arxiv.org/abs/1606.00704), where it is called ALI.

    The discriminator tells (x, E(x)) of the data from (G(z), z). Generator and encoder together descend its loss with
    the two kinds of pairs exchanged, which is least where both joint distributions are the same: then E inverts G. An
    encoder with latent_dim outputs is a function (BiGAN); one with 2 latent_dim is a Gaussian with means and
    log-variances (ALI). `encode` gives the latents of examples, `reconstruct` G(E(x)).

    The paper's optimizer is Adam(2e-4, beta_1=0.5) for all three.

    Args:
        generator: Keras model from latents, or from [latents, labels], to examples.
        encoder: Keras model from examples to [N, latent_dim] or [N, 2 latent_dim].
        discriminator: Keras model from [examples, latents] to raw scores, its inputs named "images" and "latents".
        adversarial_loss: the pair of losses, of which both sides use the discriminator's.
        discriminator_steps: k, updates of the discriminator per update of the others.
        regularizers: `kgan.regularizers` of weights, such as WeightDecay(2.5e-5), the paper's.
        ema: decay of the moving averages of generator and encoder, in [0, 1); 0 for the last weights.
        prior, seed, kind: see `GAN`.

    Raises:
        ValueError: the networks do not fit each other.

    Example:
        >>> import kgan
        >>> gan = BiGAN(
        ...     kgan.architectures.MLPGenerator(data_shape=(2,), latent_dim=3, units=(16,)),
        ...     kgan.architectures.MLPEncoder(data_shape=(2,), latent_dim=3, units=(16,), stochastic=False),
        ...     kgan.architectures.MLPJointDiscriminator(data_shape=(2,), latent_dim=3, units=(16,)),
        ... )
        >>> gan.compile(generator_optimizer="adam", encoder_optimizer="adam", discriminator_optimizer="adam")
        >>> history = gan.fit(tf.random.normal([64, 2]), batch_size=32, verbose=0)
        >>> gan.sample(5).shape, gan.encode(tf.zeros([4, 2])).shape, gan.reconstruct(tf.zeros([4, 2])).shape
        ((5, 2), (4, 3), (4, 2))
    """

    players = ("generator", "encoder", "discriminator")
    judges = ("discriminator",)
    averaged = ("generator", "encoder")
    reports = ("d_loss", "g_loss")
    takes = {
        "generator": ("latents", "labels"),
        "encoder": ("images", "labels"),
        "discriminator": ("images", "latents", "labels"),
    }

    products = (Samples("generator"), CODES)

    def __init__(
        self,
        generator: keras.Model,
        encoder: keras.Model,
        discriminator: keras.Model,
        adversarial_loss: AdversarialLoss = NonSaturating(),
        discriminator_steps: Steps = 1,
        regularizers: tuple[Regularizer, ...] = (),
        ema: Decay = 0.999,
        prior: Prior = Normal(),
        seed: Seed = 0,
        kind: Kind | None = None,
    ):
        super().__init__()
        self.hold(generator=generator, encoder=encoder, discriminator=discriminator)
        self._check_networks()
        self.adversarial_loss, self.discriminator_steps = adversarial_loss, discriminator_steps
        self.regularizers = tuple(regularizers)
        self.perfect_d_loss = adversarial_loss.perfect
        self.ema, self.prior, self.seed, self.kind = ema, get(prior), seed, kind
        self._start()

    def _check_networks(self):
        shapes = {
            "The generator makes": self.generator.outputs[0],
            "the encoder takes": self.inputs_of["encoder"].tensor("images"),
            "the discriminator takes": self.inputs_of["discriminator"].tensor("images"),
        }
        found = {what: tuple(tensor.shape[1:]) for what, tensor in shapes.items()}
        if len(set(found.values())) > 1:
            said = ", ".join(f"{what} {shape}" for what, shape in found.items())
            raise ValueError(f"{said}; give all the same shape.")
        judged = self.inputs_of["discriminator"].tensor("latents")
        if judged is None:
            raise ValueError(
                "The discriminator judges pairs: give it a second input, keras.Input([latent_dim], name='latents')."
            )
        d = self.latent_dim
        if tuple(judged.shape[1:]) != (d,):
            raise ValueError(
                f"The discriminator takes latents of {tuple(judged.shape[1:])}; the generator's are {(d,)}."
            )
        widths = [tuple(output.shape[1:]) for output in self.encoder.outputs]
        if widths not in ([(d,)], [(2 * d,)]):
            raise ValueError(
                f"The encoder must return latents, [N, {d}], or a mean and a log-variance for each, [N, {2 * d}]; its "
                f"outputs have the shapes {widths}."
            )
        self.stochastic = widths == [(2 * d,)]
        check_scores(self.discriminator)
        if self.stochastic:
            check_raw("encoder", self.encoder, 0, "means and log-variances")

    @property
    def num_minibatches(self):
        return self.discriminator_steps

    def train_step(self, data):
        for real in self.minibatches(data):  # ALI's Algorithm 1
            with tf.GradientTape() as tape:
                inferred, made = self.pairs(real)
                d_loss = self.adversarial_loss.discriminator(
                    self.score(inferred), self.score(made), self.draws("labels")
                )
                d_loss += self.penalties(self.discriminator)
            self.descend(d_loss, tape, self.discriminator)

        with tf.GradientTape() as tape:
            inferred, made = self.pairs(real)
            g_loss = self.adversarial_loss.discriminator(self.score(made), self.score(inferred))  # exchanged
            g_loss += self.penalties(self.generator) + self.penalties(self.encoder)
        self.descend(g_loss, tape, self.generator, self.encoder)
        return self.report(d_loss=d_loss, g_loss=g_loss)

    def pairs(self, real):
        """(x, E(x)) of the Batch `real`, and as many (G(z), z) with its labels: Batches with `latents`."""
        latents = self._latents(self.draws("latents"), tf.shape(real.images)[0])
        made = self.generated(latents, real.labels)
        return real.replace(latents=self.infer(real)), real.replace(images=made, latents=latents)

    def infer(self, batch):
        """Latents of a Batch from the live encoder, drawn from q(z | x) if that is a Gaussian: float32."""
        outputs = self.run(self.encoder, **batch.parts)
        if not self.stochastic:
            return outputs
        means, log_variances = tf.split(outputs, 2, axis=1)
        noise = self.draws("posterior").normal([tf.shape(means)[0], self.latent_dim])
        return means + tf.exp(log_variances / 2) * noise

    def score(self, pair):
        """The discriminator's raw scores of a Batch of pairs, float32."""
        return self.run(self.discriminator, **pair.parts)

    @property
    def saturates(self):
        """See `GAN.saturates`."""
        return self.adversarial_loss.saturates

    def _portrait(self, data):
        real = self.minibatch(data)
        pairs = self.pairs(real)
        return portrait([self.score(pair) for pair in pairs], real.images, pairs[1].images)

    # --- using the trained encoder ---

    def encode(self, images, labels=None, batch_size=256):
        """The latents of examples: E(x) of the averaged encoder, of a stochastic one the means.

        Args:
            images: examples as `fit` takes them, or as `sample` gives them: uint8 pixels.
            labels: one for all, or one for each, if the encoder takes labels.
            batch_size: examples per forward pass.

        Returns:
            float32 [N, latent_dim].
        """
        return CODES.encode(self, images, labels, batch_size)

    def reconstruct(self, images, labels=None, batch_size=256):
        """G(E(x)) of the averaged networks, as `sample` gives samples."""
        return CODES.reconstruct(self, images, labels, batch_size)
