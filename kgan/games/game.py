"""What every cast of players needs: the optimizers, the step, the draws, the step function, saving."""

import contextlib
import threading
from pathlib import Path

import keras
import tensorflow as tf

from kgan import files
from kgan.configurable import Configurable
from kgan.games.noise import Calls
from kgan.games.roles import Roles
from kgan.guards import batches
from kgan.guards.arguments import check_execution, check_fit, check_sizes, check_unweighted
from kgan.guards.derived import Derived, Pauses
from kgan.guards.first_batch import seen_first
from kgan.guards.refusals import refusals
from kgan.guards.spelling import called_otherwise
from kgan.layers import SpectralNormalization
from kgan.layers.coupling import coupling_layers
from kgan.randomness import Draws, noise_from
from kgan.runs import saving, settings, training

# Grappler's dependency optimizer (TensorFlow 2.21) loses edges that let an update wait for a read of its weight: in
# FGAN, whose loss is linear in the scores of real data, and in the penalties of R3GAN and of the first GAN. In 1 of 80
# compilations of FGAN gradients were taken with the weight from after the update, wrong by a thousandth, without a
# word. tests/objectives/lost_edges.py finds the edges.
tf.config.optimizer.set_experimental_options({"dependency_optimization": False})


class Game(Configurable, keras.Model):
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
    judges: tuple[str, ...] = ()
    reports: tuple[str, ...] = ()
    takes: dict[str, tuple[str, ...]] = {}

    called_otherwise = classmethod(called_otherwise)

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
            setattr(self, name, network)
        self._held = tuple(networks)
        self.inputs_of = {name: Roles(name, networks[name], roles) for name, roles in self.takes.items()}

    def _start(self):
        self.run_dir = Path(".")
        self.step = self.add_weight(
            shape=(), dtype="int64", initializer="zeros", trainable=False, name="step",
            aggregation="only_first_replica",
        )  # fmt: skip
        self._trackers = {name: keras.metrics.Mean(name=name) for name in self.reports}
        self._moment = Moment()
        self._compiled_steps = CompiledSteps(self.players)
        self._looked = False
        self._first_size = None
        self._places = {}
        self.derived = Derived(self)
        self.built = True

    # --- who plays ---

    @property
    def active(self):
        """The players that learn in the next steps, all by default; callbacks may set it between executions.

        A step of some players is a step: it is counted, sees its own data, and reports the losses of all. Those that
        do not play keep their weights and their optimizers' state, as does the average of the generator.
        """
        return self._compiled_steps.active

    @active.setter
    def active(self, players):
        wanted = tuple(player for player in self.players if player in players)
        if not wanted or len(wanted) < len(players):
            raise ValueError(f"active must name some of the players {self.players}; got {players!r}.")
        if wanted != self.active:
            self.train_function = self._compiled_steps.change(wanted, self.train_function)
            if self.train_function is None and self.compiled:
                self.make_train_function()

    def _plays(self, network):
        """Whether the network learns in this step. Read while a step is traced: each set of players has its own."""
        return all(getattr(self, player) is not network for player in self.players if player not in self.active)

    def make_train_function(self, force=False):
        """As Keras' own. A step that was traced for other trainable weights is traced anew."""
        learning = {player: [id(w) for w in getattr(self, player).trainable_variables] for player in self.players}
        for player in self.active:
            if not learning[player]:
                raise ValueError(
                    f"The {player} has no trainable weight, so that it would never learn: set {player}.trainable = "
                    f"True (kgan's steps update each player alone, and nothing has to be frozen for that), or say who "
                    f"learns: active = {[other for other in self.players if other != player]}."
                )
            if not set(learning[player]) <= self._owned[player]:
                raise ValueError(
                    f"Weights of the {player} were made trainable after compile(), and its optimizer does not know "
                    f"them: call compile() again."
                )
        self.derived.follow()
        if learning != self._learning:
            self._compiled_steps = CompiledSteps(self.players, self.active)
            self._learning, force = learning, True
        super().make_train_function(force)

    def constrain(self, network):
        """Brings the weights of `network` to what the game demands of them, when it is compiled: nothing by default."""

    def renew(self, network):
        """Brings up to date what the game derives from the weights of `network`, which somebody has set."""
        self.constrain(network)

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
        names = [*self._held, *(f"ema_{name}" for name in getattr(self, "averaged", ()))]
        return {name: getattr(self, name) for name in names}

    def noise(self):
        """A scope in which kgan's noise layers in the networks draw the numbers of this step, see `draws`."""
        calls = Calls(self.networks())
        return noise_from(lambda layer: self.draws(calls.purpose(layer, self._moment.update)))

    def _tracker_count(self):
        return tf.cast(self._trackers[self.reports[0]].count.value, tf.int64)

    def descend(self, loss, tape, *networks):
        """One step of each network's own optimizer down the mean of `loss` over all replicas.

        One backward pass gives the gradients of all, before any of them moves.
        """
        learners = [
            network for network in networks
            if (self._plays(network) and not self._moment.observing) or self._moment.norms is not None
        ]  # fmt: skip
        for network, gradients in zip(learners, self._backward(loss, tape, learners), strict=True):
            self.apply(gradients, network)

    def gradients(self, loss, tape, network):
        """d loss / d network, scaled for the sum over replicas and for the optimizer's loss scale."""
        (gradients,) = self._backward(loss, tape, [network])
        return gradients

    def _backward(self, loss, tape, networks):
        """The gradients of each of several networks, each scaled for its own optimizer."""
        if not networks:
            return []
        replicas = tf.distribute.get_replica_context().num_replicas_in_sync
        optimizers = [self.optimizer_of(network) for network in networks]
        seed = optimizers[0].scale_loss(tf.constant(1.0 / replicas, loss.dtype))
        variables = [[variable.value for variable in network.trainable_variables] for network in networks]
        try:
            everything = tape.gradient(loss, variables, output_gradients=seed)
        except LookupError as error:  # "... no entry for: SomeOperationGrad"
            operation = str(error).rpartition(" ")[2]
            raise ValueError(
                f"TensorFlow has no derivative of {operation}, which the loss of {networks[0].name!r} needs (a penalty "
                f"on gradients needs second derivatives): use other layers, or leave the penalty out."
            ) from None
        for network, gradients in zip(networks, everything, strict=True):
            for variable, gradient in zip(network.trainable_variables, gradients, strict=True):
                if gradient is None:
                    raise ValueError(
                        f"The loss of {network.name!r} does not depend on its weight {variable.path!r}: freeze it "
                        f"(trainable = False), or use layers that have a (second) derivative."
                    )
        if len(networks) == 1 or not any(map(_scales, optimizers)):
            return everything
        # The seed has the loss scale of the first; the scales of several optimizers move apart.
        one = tf.ones([], loss.dtype)
        ratios = [optimizer.scale_loss(one) / optimizers[0].scale_loss(one) for optimizer in optimizers[1:]]
        scaled = [[tf.convert_to_tensor(gradient) * tf.cast(ratio, gradient.dtype) for gradient in gradients]
                  for ratio, gradients in zip(ratios, everything[1:], strict=True)]  # fmt: skip
        return [everything[0], *scaled]

    def apply(self, gradients, network):
        """Gives `gradients` to the network's optimizer."""
        optimizer = self.optimizer_of(network)
        replicas = tf.distribute.get_replica_context()
        if self._moment.norms is not None:  # `inspect` wants to know, and nothing learns
            unit = optimizer.scale_loss(tf.constant(1.0 / replicas.num_replicas_in_sync))
            self._moment.norms[self.player_of(network)] = tf.linalg.global_norm(
                [tf.cast(g, tf.float32) / unit for g in gradients]
            )
            return
        if replicas.num_replicas_in_sync > 1 and isinstance(optimizer, keras.optimizers.LossScaleOptimizer):
            # It looks at this replica's gradients alone, and would apply another one's inf.
            finite = tf.reduce_all([tf.reduce_all(tf.math.is_finite(gradient)) for gradient in gradients])
            overflows = replicas.all_reduce("SUM", tf.cast(~finite, tf.float32))
            gradients = [tf.where(overflows > 0, tf.fill(tf.shape(g), tf.constant(float("inf"), g.dtype)), g)
                         for g in gradients]  # fmt: skip
        optimizer.apply(gradients, network.trainable_variables)

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
            found = self._inspected(tf.nest.map_structure(tf.constant, data))
        results = self.distribute_strategy.experimental_local_results
        return {name: float(results(value)[0]) for name, value in found.items()}

    @tf.function(reduce_retracing=True)
    def _inspected(self, data):
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

    @property
    def random_states(self):
        """The variables from which Keras' random layers, such as Dropout, draw: no file of Keras holds them."""
        return [variable for variable in self.variables if variable.name == "seed_generator_state"]

    # --- training ---

    def fit(self, x=None, y=None, batch_size=None, epochs=1, verbose="auto", callbacks=None, **options):
        """Keras' `fit`, and more in two cases.

        * With a `kgan.callbacks.Checkpoint` among the callbacks it goes on from its newest checkpoint, and
          `epochs` counts from the first step of the training, whichever process did it.
        * With several replicas, batches that cannot be shared equally are cut to what can, which is said once.

        Args:
            x, y: a `tf.data.Dataset` of batches, or arrays: images, or images and labels.
            batch_size, epochs, verbose, callbacks, **options: as in Keras.

        Returns:
            Keras' History; of a training that goes on, the epochs that this process finished.
        """
        if isinstance(callbacks, keras.callbacks.CallbackList):
            callbacks = callbacks.callbacks
        everyone = list(callbacks) if isinstance(callbacks, list | tuple) else [callbacks] if callbacks else []
        checkpoint = next((one for one in everyone if hasattr(one, "resume")), None)
        check_fit(x, batch_size, epochs, options)
        self._check_batches(x, batch_size, options)
        if checkpoint is not None:
            options["asked"] = settings.of_training(self, x, y, batch_size, options.get("shuffle", True))
        self.check_averages(everyone)
        x, y, failed = seen_first(x, y, self._look_at_first)
        if isinstance(x, batches.ARRAYS):
            self._first_size = min(batch_size or 32, x.shape[0])
        held_out, more = options.get("validation_data"), []
        if isinstance(held_out, tuple | list):
            check_unweighted({"sample_weight": held_out[2] if len(held_out) > 2 else None})
            seen_first(*held_out[:2], *[None] * (2 - len(held_out)), self.look_at)
        elif held_out is not None:
            batches.check_some(held_out)
            held_out, _, more = seen_first(held_out, None, self.look_at)
            options["validation_data"] = held_out
        if self.distribute_strategy.num_replicas_in_sync > 1:
            if options.get("validation_split"):
                raise ValueError("validation_split works on one device only; give several replicas validation_data=.")
            x, y = training.shared(x, y, batch_size, self._shares(), options.get("shuffle", True)), None
            options["shuffle"] = False  # it is done
            if held_out is not None:
                size = options.pop("validation_batch_size", None) or batch_size
                images, labels, _ = keras.utils.unpack_x_y_sample_weight(held_out)
                options["validation_data"] = training.shared(images, labels, size, self._shares())
            batch_size = None
            batches.check_some(x)
        self.derived.follow()
        with self.derived.training(everyone), refusals(failed, more):
            if checkpoint is None:
                members = [Pauses(), *everyone, Pauses(last=True)]
                return super().fit(x, y, batch_size, epochs, verbose, members, **options)
            options |= {"y": y, "batch_size": batch_size}
            return training.go_on(self, super().fit, x, checkpoint, epochs, verbose, everyone, **options)

    def evaluate(self, x=None, y=None, batch_size=None, verbose="auto", **options):
        """Keras' `evaluate`; several replicas get equal shares, as in `fit`."""
        check_unweighted(options)
        failed = []
        if "_use_cached_eval_dataset" not in options:
            check_sizes(x, batch_size, options)
            batches.check_some(x)
            x, y, failed = seen_first(x, y, self.look_at)
            if self.distribute_strategy.num_replicas_in_sync > 1:
                x, y, batch_size = training.shared(x, y, batch_size, self._shares()), None, None
        with refusals(failed):
            found = super().evaluate(x, y, batch_size, verbose, **options)
        if isinstance(found, list | dict) and not found:
            raise ValueError(batches.EMPTY)
        return found

    def train_on_batch(self, x, y=None, **options):
        """Keras' `train_on_batch`: one step on one batch, as `fit` takes them."""
        check_unweighted(options)
        if not self._looked:
            seen_first(x, y, self.look_at)
            self._looked = True
        self._first_size = None
        with self.derived.training(), refusals():
            return super().train_on_batch(x, y, **options)

    def test_on_batch(self, x, y=None, **options):
        """Keras' `test_on_batch`: the values that a step on this batch would report; nothing learns."""
        check_unweighted(options)
        with refusals():
            return super().test_on_batch(x, y, **options)

    def _check_batches(self, x, batch_size, options):
        batches.check_some(x)
        alone = self.distribute_strategy.num_replicas_in_sync == 1
        if isinstance(x, batches.ARRAYS) and alone and options.get("steps_per_epoch") is None:
            batches.check_last(x, batch_size or 32, self.num_minibatches, options.get("validation_split"))

    def _look_at_first(self, examples, labels, **options):
        """Looks at the first batch of a training, or at rows of its arrays."""
        self._first_size = None if examples is None else len(examples)
        self.look_at(examples, labels, **options)

    def look_at(self, examples, labels, examined=False):
        """Says what is likely wrong with the first batch of a training, and refuses what is certainly wrong."""

    def _shares(self):
        """What must divide the size of a batch."""
        return self.distribute_strategy.num_replicas_in_sync * self.num_minibatches

    @property
    def num_minibatches(self):
        """How many minibatches a step makes of one batch of `fit`."""
        return 1

    def load_weights(self, filepath, *positional, **options):
        """Keras' `load_weights`, of what `save_weights` wrote."""
        super().load_weights(filepath, *positional, **options)
        self.derived.note()

    # --- optimizers ---

    def compile(self, *unnamed, run_eagerly=False, jit_compile=False, steps_per_execution=1, **optimizers):
        """Gives every player its optimizer.

        Args:
            **optimizers: `<player>_optimizer=` for each of the players: a Keras optimizer, its name or its
                configuration. Each must be another object.
            run_eagerly: run `train_step` as plain Python, to debug it.
            jit_compile: compile the step with XLA. Off by default: it draws other random numbers, and makes
                convolutions slower on CPUs.
            steps_per_execution: batches per call of the compiled function, at least 1.

        Raises:
            ValueError: an optimizer is missing, used twice, or does not fit; or the strategy's scope is left.
        """
        self._check_strategy()
        check_execution(steps_per_execution)
        wanted = [f"{player}_optimizer" for player in self.players]
        if unnamed:
            example = ", ".join(f'{name}="adam"' for name in wanted)
            raise ValueError(
                f"{type(self).__name__}.compile takes its arguments by name, an optimizer for each player: "
                f"compile({example})."
            )
        for name in optimizers:
            if name not in wanted:
                takes = ", ".join(wanted) or "no optimizers"
                raise ValueError(f"{type(self).__name__}.compile takes {takes}; got {name!r}.")
        for name in wanted:
            if optimizers.get(name) is None:
                raise ValueError(
                    f"{type(self).__name__}.compile needs {name}=, for example keras.optimizers.Adam(1e-4)."
                )
        self._check_layers()
        objects = [
            id(optimizer) for optimizer in optimizers.values() if isinstance(optimizer, keras.optimizers.Optimizer)
        ]
        if len(set(objects)) < len(objects):
            raise ValueError("Two players share one optimizer object; give each its own, since it keeps their state.")
        optimizers = {name: keras.optimizers.get(optimizers[name]) for name in wanted}

        super().compile(
            optimizer=None, run_eagerly=run_eagerly, jit_compile=jit_compile, steps_per_execution=steps_per_execution
        )
        self._compiled_steps = CompiledSteps(self.players)
        self._learning, self._owned = None, {}
        for player in self.players:
            self.constrain(getattr(self, player))
            self._adopt(player, optimizers[f"{player}_optimizer"])
        self.optimizer = OptimizerGroup([self.optimizer_of(getattr(self, player)) for player in self.players])
        self._execution = {
            "run_eagerly": run_eagerly, "jit_compile": jit_compile, "steps_per_execution": steps_per_execution,
        }  # fmt: skip
        self._asked = settings.of_optimizers(self)

    def _check_strategy(self):
        strategy = tf.distribute.get_strategy()
        if isinstance(strategy, tf.distribute.experimental.ParameterServerStrategy):
            raise ValueError("Keras 3 cannot train under a parameter server strategy; use MirroredStrategy.")
        if self._distribute_strategy is not None and strategy is not self._distribute_strategy:
            raise ValueError(
                "compile() was called outside the scope of the strategy under which the model was made, which "
                "would let the replicas drift apart; call it inside `with strategy.scope():`."
            )

    def _check_layers(self):
        """Refuses layers that several replicas would compute otherwise than one device, without a word."""
        if self.distribute_strategy.num_replicas_in_sync == 1:
            return
        if self.random_states:
            raise ValueError(
                "A layer draws from Keras' own random state (as Keras' Dropout does), which gives every replica the "
                "same numbers; use kgan.layers.Dropout or kgan.layers.GaussianNoise, or train on one device."
            )
        for player in self.players:
            for layer in coupling_layers(getattr(self, player)):
                if not hasattr(layer, "synchronized"):
                    raise ValueError(
                        f"The {player}'s {layer.name!r} compares the examples of a batch, of which each replica has "
                        f"a part; train on one device, or leave it out."
                    )
                if not layer.synchronized:
                    plain = isinstance(layer, keras.layers.BatchNormalization)
                    raise ValueError(
                        f"The {player}'s {layer.name!r} takes its statistics on each replica apart; "
                        f"{'use kgan.layers.BatchNormalization, or ' if plain else ''}make it with "
                        f"{type(layer).__name__}(synchronized=True)."
                    )

    def check_averages(self, callbacks=()):
        """Refuses optimizers whose averages of weights nobody would use: Keras' `fit` puts those of one optimizer in
        place at its end, and a game has several.

        Args:
            callbacks: of the training. Keras' SwapEMAWeights uses such averages.

        Raises:
            ValueError: an optimizer has use_ema=True, and neither a callback nor itself uses the average.
        """
        if any(isinstance(one, keras.callbacks.SwapEMAWeights) for one in callbacks):
            return
        for player in self.players if self.compiled else ():
            optimizer = getattr(self, f"{player}_optimizer")
            optimizer = getattr(optimizer, "inner_optimizer", optimizer)
            if optimizer.use_ema and not optimizer.ema_overwrite_frequency:
                own = f" {type(self).__name__}(..., ema=0.999) averages the generator." if hasattr(self, "ema") else ""
                raise ValueError(
                    f"{player}_optimizer has use_ema=True, and the end of a game's fit does not put its average in "
                    f"place: leave it out, or add keras.callbacks.SwapEMAWeights().{own}"
                )

    def _adopt(self, player, optimizer):
        network = getattr(self, player)
        clips = [name for name in ("clipnorm", "global_clipnorm", "clipvalue") if getattr(optimizer, name, None)]
        if clips and self.distribute_strategy.num_replicas_in_sync > 1:
            raise ValueError(
                f"{clips[0]} clips each replica's gradient before they are summed, so that several replicas would "
                f"train another model than one device; remove it from {player}_optimizer."
            )
        half = any(layer.compute_dtype == "float16" for layer in network._flatten_layers())
        if half and not isinstance(optimizer, keras.optimizers.LossScaleOptimizer):
            optimizer = keras.optimizers.LossScaleOptimizer(optimizer)
        if optimizer.built and optimizer is not getattr(self, f"{player}_optimizer", None):
            raise ValueError(f"{player}_optimizer already belongs to another network; make a new one for this model.")
        variables = network.trainable_variables
        if player in self._places:
            variables = [network.weights[at] for at in self._places[player]]
        optimizer.build(variables)
        self._owned[player] = {id(variable) for variable in variables}
        setattr(self, f"{player}_optimizer", optimizer)

    def optimizer_of(self, network):
        """The optimizer of one of the players."""
        return getattr(self, f"{self.player_of(network)}_optimizer")

    def player_of(self, network):
        """Under which name one of the players plays."""
        for player in self.players:
            if getattr(self, player) is network:
                return player
        raise ValueError(f"{getattr(network, 'name', network)!r} is none of the players {self.players}.")

    def get_compile_config(self):
        if not self.compiled:
            return None
        optimizers = {f"{player}_optimizer" for player in self.players}
        # Where layers were frozen since, the optimizers still keep the state of all weights that they were made for.
        places = {
            player: [at for at, weight in enumerate(getattr(self, player).weights) if id(weight) in owned]
            for player, owned in self._owned.items()
            if owned != {id(weight) for weight in getattr(self, player).trainable_variables}
        }
        return (
            self._execution
            | {name: keras.saving.serialize_keras_object(getattr(self, name)) for name in sorted(optimizers)}
            | ({"owned": places} if places else {})
        )

    def compile_from_config(self, config):
        self._places = config.get("owned", {})
        config = {name: value for name, value in config.items() if name != "owned"}
        self.compile(**{name: keras.saving.deserialize_keras_object(value) for name, value in config.items()})
        self._places = {}

    # --- saving ---

    def save(self, filepath, overwrite=True, zipped=None, **options):
        """Keras' `save`; a `.keras` file is whole or absent.

        Raises:
            ValueError: the name has another ending.
        """
        if zipped is not False and "://" not in str(filepath) and not str(filepath).endswith(".keras"):
            raise ValueError(
                f"kgan saves a game as a .keras file; got {str(filepath)!r}. (export writes a SavedModel, save_weights "
                f"weights alone.)"
            )
        self.derived.follow()
        if zipped is False or options or not saving.ordinary(filepath, ".keras", overwrite):
            return super().save(filepath, overwrite, zipped, **options)
        files.write(filepath, saving.whole(self))

    def save_weights(self, filepath, overwrite=True, max_shard_size=None):
        """Keras' `save_weights`; a `.weights.h5` file is whole or absent."""
        self.derived.follow()
        if max_shard_size is not None or not saving.ordinary(filepath, ".weights.h5", overwrite):
            return super().save_weights(filepath, overwrite, max_shard_size)
        files.write(filepath, saving.weights(self))

    # --- the step function ---

    def _maybe_symbolic_build(self, iterator=None, data_batch=None):
        """Everything is built in the constructor; Keras would take a batch from the data to build again."""

    def _make_function(self, step_function):
        """Keras' function for one or many replicas, several workers and `steps_per_execution`."""

        def step(data):
            # Without the dependency, counters of the step run once more when the data end, or are refused.
            data = self.admitted(data)
            waits = tf.control_dependencies([tensor for tensor in tf.nest.flatten(data) if tf.is_tensor(tensor)])
            with waits, self.noise():
                return step_function(data)

        strategy = self.distribute_strategy
        if strategy.num_replicas_in_sync == 1:
            return self._jitted(step) if self.jit_compile else super()._make_function(step)
        if self.jit_compile:
            raise ValueError("jit_compile=True works on one device only; compile without it for several replicas.")

        def one(iterator):
            logs = strategy.run(step, args=(next(iterator),))
            return {name: strategy.experimental_local_results(value)[0] for name, value in logs.items()}

        def many(iterator, count):
            def body(index):
                strategy.run(step, args=(next(iterator),))
                return (index + 1,)

            tf.while_loop(lambda index: index < count - 1, body, (tf.constant(0),), parallel_iterations=1)
            return one(iterator)

        if not self.run_eagerly:
            # AutoGraph would put a page about its own code before every sentence of ours.
            one = tf.function(one, reduce_retracing=True, autograph=False)
            many = tf.function(many, reduce_retracing=True, autograph=False)

        def function(iterator):
            count = int(self.steps_per_execution)
            try:
                return one(iterator) if count == 1 else many(iterator, tf.constant(count))
            except tf.errors.OutOfRangeError:
                raise StopIteration from None

        return function

    def _jitted(self, step):
        """Keras' function for a step that XLA compiles: the checks of the data stay outside, for XLA drops them."""
        compiled = tf.function(step, jit_compile=True, reduce_retracing=True, autograph=False)
        self.jit_compile = False
        try:
            return super()._make_function(lambda data: compiled(self.admitted(data)))
        finally:
            self.jit_compile = True

    def admitted(self, data):
        """A batch of `fit`, for which whoever uses it waits until it is certain that the game takes it."""
        return data


def _scales(optimizer):
    """Whether an optimizer scales the loss."""
    return isinstance(optimizer, keras.optimizers.LossScaleOptimizer) or bool(optimizer.loss_scale_factor)


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


class CompiledSteps:
    """The train functions of one compiled game, one for each set of players that learn: each is traced once."""

    def __init__(self, players, active=None):
        self.active = active or tuple(players)
        self._functions = {}

    def change(self, players, function):
        """Keeps the function of the active players; returns that of `players`, or None if there is none yet."""
        self._functions[self.active] = function
        self.active = players
        return self._functions.get(players)


class OptimizerGroup:
    """What Keras' learning-rate callbacks look for in `model.optimizer`: a list of `optimizers`.

    It is no `Optimizer`, so that `fit` does not finish it as one.
    """

    built = True

    def __init__(self, optimizers):
        self.optimizers = list(optimizers)

    def build(self, variables):
        """The optimizers are built by `compile`."""

    @property
    def iterations(self):
        return self.optimizers[0].iterations

    @property
    def variables(self):
        return [variable for optimizer in self.optimizers for variable in optimizer.variables]
