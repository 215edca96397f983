"""What every cast of players needs: its networks, their averages, the draws, a step's verbs."""

import contextlib
from pathlib import Path

import keras
import tensorflow as tf

from kgan.games import averages, descent, penalties
from kgan.games.fitted import Fitted
from kgan.games.moment import Moment
from kgan.games.noise import Calls
from kgan.games.roles import Roles
from kgan.guards.derived import Derived
from kgan.guards.refusals import refusals
from kgan.guards.spelling import called_otherwise
from kgan.kinds import Kind
from kgan.layers import SpectralNormalization
from kgan.layers.noise import works_at_inference
from kgan.precision import check_weights
from kgan.products import Product
from kgan.randomness import Draws, EndlessDraws, noise_from
from kgan.regularizers import Regularizer


class Game(Fitted):
    """A Keras model in which several networks learn against each other.

    Subclasses name their `players` (attributes that hold the networks that learn by an optimizer), those of them that
    are `judges`, from which the others learn, and their `reports` (the values that their `train_step` gives to
    `report`), give their networks to `hold` in the constructor, and then call `_start`.

    `takes` says what each network can be given, the first of which it must take: {name: roles}.

    Attributes:
        inputs_of: {name: `Roles`}, the inputs of each network.
        step: int64 weight, how many training steps are done.
        run_dir: folder in which callbacks put what they write; the current one unless a run sets it.
    """

    players: tuple[str, ...] = ()
    reports: tuple[str, ...] = ()
    takes: dict[str, tuple[str, ...]] = {}

    # What the trained game is good for; calling it does the first.
    products: tuple[Product, ...] = ()

    # The networks of which the game keeps a moving average, as `ema_<name>`, and its decay.
    averaged: tuple[str, ...] = ()
    ema: float

    # Terms of the players' losses.
    regularizers: tuple[Regularizer, ...] = ()

    # Whether the generator takes labels.
    conditional: bool = False

    # The players that tell the data from what the others make.
    judges: tuple[str, ...] = ()

    # What an example is; None until somebody says.
    kind: Kind | None = None

    called_otherwise = classmethod(called_otherwise)

    @property
    def called(self):
        """How a sentence names the game."""
        return f"a game {type(self).__name__}"

    def hold(self, **networks):
        """Takes the networks of the game as attributes of their names.

        Raises:
            ValueError: one is no Keras model with known inputs, or has inputs that the game does not give; or two
                share a variable, which two optimizers would move and files would hold twice.
        """
        owners: dict[int, str] = {}
        for name, network in networks.items():
            if not isinstance(network, keras.Model) or not getattr(network, "inputs", None):
                raise ValueError(
                    f"The {name} must be a functional or sequential Keras model with a known input; "
                    f"got {network!r}. Begin it with keras.Input(shape)."
                )
            for weight in network.weights:
                other = owners.setdefault(id(weight), name)
                if other != name:
                    raise ValueError(
                        f"The {other} and the {name} share the weight {weight.path!r}: give each its own layers, or "
                        f"make one network of both, with several inputs or outputs."
                    )
            check_weights(name, network)
            setattr(self, name, network)
        self._held = tuple(networks)
        self.inputs_of = {name: Roles(name, networks[name], roles) for name, roles in self.takes.items()}

    def _start(self):
        penalties.check(self)
        self.run_dir = Path(".")
        self.step = self.add_weight(
            shape=(), dtype="int64", initializer="zeros", trainable=False, name="step",
            aggregation="only_first_replica",
        )  # fmt: skip
        self._trackers = {name: keras.metrics.Mean(name=name) for name in self.reports}
        self._moment = Moment()
        self._begin_uncompiled()
        self.derived = Derived(self)
        self.built = True

    # --- averages ---

    def _average_networks(self, labels=None):
        """Makes the moving averages: copies with the same weights, which compute in float32 under every policy.

        Args:
            labels: see `kgan.guards.copies.copied`.
        """
        for name in self.averaged:
            setattr(self, f"ema_{name}", averages.copy_of(name, getattr(self, name), labels))

    def averaged_network(self, name):
        """The moving average of a network; of one that has none the network itself."""
        return getattr(self, f"ema_{name}" if name in self.averaged else name)

    def noisy(self, name):
        """Whether what the averaged network makes depends on random numbers besides its inputs."""
        return works_at_inference(self.averaged_network(name))

    def noise_of_samples(self, seed=0, first=0):
        """A scope in which noise layers that work at inference draw the numbers of samples `first`, `first` + 1, ..."""
        context = tf.distribute.get_replica_context()  # there is none outside the steps of a strategy
        replica = 0 if context is None else context.replica_id_in_sync_group
        calls = Calls(self.networks())
        return noise_from(lambda layer: EndlessDraws(seed, calls.purpose(layer), first, replica))

    def run_averaged(self, name, inputs, seed=0, first=0):
        """What the averaged network makes of inputs in its own structure: float32.

        Args:
            name: of the network.
            inputs: a block of rows.
            seed: of the noise, where the network has any at inference.
            first: the number of the block's first row, which has the same noise in blocks of every size.
        """
        self.derived.follow()
        return self._run_averaged(name, self.level, inputs, tf.cast(seed, tf.int64), tf.cast(first, tf.int64))

    @tf.function(reduce_retracing=True)
    def _run_averaged(self, name, level, inputs, seed, first):  # traced for each level
        with self.noise_of_samples(seed, first):
            return tf.cast(self.averaged_network(name)(inputs, training=False), tf.float32)

    # --- who plays ---

    def _plays(self, network):
        """Whether the network learns in this step. Read while a step is traced: each set of players has its own."""
        return all(getattr(self, player) is not network for player in self.players if player not in self.active)

    # --- the step ---

    def draws(self, purpose):
        """The random numbers for `purpose` in this update of this step; other replicas get other rows."""
        context = tf.distribute.get_replica_context()
        # While observing, the trackers have counted the batches seen since the evaluation began.
        now = [-1, self._tracker_count()] if self._moment.observing else [self._moment.update]
        return Draws(
            self.seed, purpose, [self.step.value, *now],
            replica=context.replica_id_in_sync_group, replicas=context.num_replicas_in_sync,
        )  # fmt: skip

    def networks(self):
        """{attribute: network} of all networks of the game, the moving averages included."""
        names = [*self._held, *(f"ema_{name}" for name in self.averaged)]
        return {name: getattr(self, name) for name in names}

    def noise(self):
        """A scope in which kgan's noise layers in the networks draw the numbers of this step, see `draws`."""
        calls = Calls(self.networks())
        return noise_from(lambda layer: self.draws(calls.purpose(layer, self._moment.update)))

    def _tracker_count(self):
        return tf.cast(self._trackers[self.reports[0]].count.value, tf.int64)

    def run(self, network, **given):
        """What one of the live networks makes of inputs by what they are, in inference mode while nothing learns.

        Args:
            network: one of the game's.
            **given: tensors by role, such as images= or latents=; what the network does not take is left out.

        Returns:
            Its outputs in their own structure, float32.
        """
        inputs = self.inputs_of[self.name_of(network)].inputs(**given)
        outputs = network(inputs, training=not self._moment.observing)
        return tf.nest.map_structure(lambda output: tf.cast(output, tf.float32), outputs)

    def name_of(self, network):
        """Under which name the game holds one of its networks."""
        return next(name for name in self._held if getattr(self, name) is network)

    def descend(self, loss, tape, *networks):
        """One step of each network's own optimizer down the mean of `loss` over all replicas.

        One backward pass gives the gradients of all, before any of them moves.
        """
        learners = [
            network for network in networks
            if (self._plays(network) and not self._moment.observing) or self._moment.norms is not None
        ]  # fmt: skip
        for network, gradients in zip(learners, descent.backward(self, loss, tape, learners), strict=True):
            self.apply(gradients, network)

    def gradients(self, loss, tape, network):
        """d loss / d network, scaled for the sum over replicas and for the optimizer's loss scale."""
        (gradients,) = descent.backward(self, loss, tape, [network])
        return gradients

    def apply(self, gradients, network):
        """Gives `gradients` to the network's optimizer, and brings its moving average up to date."""
        descent.apply(self, gradients, network)

    def penalties(self, network, real=None, fake=None):
        """The sum of the regularisers that concern `network`, a scalar.

        Args:
            real, fake: Batches that a discriminator has judged; of other players None.
        """
        return penalties.total(self, network, real, fake)

    def differentiated_twice(self):
        """Of which players second derivatives are needed, and by what: {player: name}."""
        needs = [type(regularizer).__name__ for regularizer in self.regularizers if regularizer.second_derivatives]
        return dict.fromkeys(self.judges, needs[0]) if needs else {}

    def judges_of_examples(self):
        """The names of the judges that are shown an example alone, or with its label."""
        return [name for name in self.judges if self.inputs_of[name].only("images", "labels")]

    def score_of(self, network):
        """Function from a Batch to raw scores of one of the judges, as regularisers look at it."""
        raise NotImplementedError

    def power_iterate(self, network):
        """Brings the estimates of the spectral norms in `network` up to date; nothing while observing."""
        for layer in network._flatten_layers():
            if isinstance(layer, SpectralNormalization) and self._plays(network) and not self._moment.observing:
                layer.power_iterate()

    def report(self, **values):
        """Ends the step: counts it, and returns the means of the reported values since the last reset."""
        if self._moment.norms is not None:
            return values
        replicas = tf.distribute.get_replica_context()
        if replicas.num_replicas_in_sync > 1:  # so that each holds the means over all, and none has to ask
            means = replicas.all_reduce("MEAN", tf.stack(list(values.values())))
            values = dict(zip(values, tf.unstack(means), strict=True))
        for name, value in values.items():
            self._trackers[name].update_state(value)
        if not self._moment.observing:
            with tf.control_dependencies(list(values.values())):  # a step that fails is none
                self.step.assign_add(1)
        return {name: self._trackers[name].result() for name in values}

    def test_step(self, data):
        """The values that `train_step` reports, on held-out data, with all networks in inference mode.

        Nothing learns, and no statistics move.
        """
        with self.observing():
            return self.train_step(data)

    @contextlib.contextmanager
    def observing(self):
        """While it lasts, all networks are in inference mode, and nothing learns."""
        self._moment.observing = True
        try:
            with self.noise():
                yield
        finally:
            self._moment.observing = False

    def inspect(self, data):
        """What a step on `data` would report, and the norm of each player's gradient; nothing learns.

        Args:
            data: one minibatch, as `fit` takes them.

        Returns:
            {name: float}: the reported values, and `<player>_gradient` for each player; of games with a discriminator
            also what `kgan.games.portrait` says.
        """
        with refusals():
            found = self._inspected(tf.nest.map_structure(tf.constant, data), self.level)
        results = self.distribute_strategy.experimental_local_results
        return {name: float(results(value)[0]) for name, value in found.items()}

    @tf.function(reduce_retracing=True)
    def _inspected(self, data, level):  # traced for each level
        def look():
            self._moment.observing, self._moment.norms = True, {}
            try:
                with self.noise():
                    values = self.train_step(data)
                    norms = {f"{p}_gradient": self._moment.norms[p] for p in self.players}
                    return values | norms | self._portrait(data)
            finally:
                self._moment.observing, self._moment.norms = False, None

        return self.distribute_strategy.run(look)

    def _portrait(self, data):
        """What else there is to say of the players in a look."""
        return {}

    @property
    def metrics(self):
        return list(self._trackers.values())
