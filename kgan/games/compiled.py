"""Players and their optimizers: what compiling a game means, and a traced function for each set of players."""

import keras
import tensorflow as tf

from kgan.configurable import Configurable
from kgan.games import penalties, second_derivatives
from kgan.guards.arguments import check_execution
from kgan.layers.coupling import coupling_layers
from kgan.runs import settings

# Grappler's dependency optimizer (TensorFlow 2.21) loses edges that let an update wait for a read of its weight: in
# FGAN, whose loss is linear in the scores of real data, and in the penalties of R3GAN and of the first GAN. In 1 of 80
# compilations of FGAN gradients were taken with the weight from after the update, wrong by a thousandth, without a
# word. tests/games/lost_edges.py finds the edges.
tf.config.optimizer.set_experimental_options({"dependency_optimization": False})


class Compiled(Configurable, keras.Model):
    """A Keras model of several players, each of which has an optimizer of its own.

    A subclass names its `players`, attributes that hold networks, and calls `_begin_uncompiled` in its constructor.
    """

    players: tuple[str, ...] = ()

    def _begin_uncompiled(self):
        self._compiled_steps = CompiledSteps(self.players)
        self._places = {}

    # --- who plays ---

    @property
    def active(self):
        """The players that learn in the next steps, all by default; callbacks may set it between executions.

        A step of some players is a step: it is counted, sees its own data, and reports the losses of all. Those that
        do not play keep their weights and their optimizers' state, as does the average of the generator.
        """
        return self._compiled_steps.variant[0]

    @active.setter
    def active(self, players):
        wanted = tuple(player for player in self.players if player in players)
        if not wanted or len(wanted) < len(players):
            raise ValueError(f"active must name some of the players {self.players}; got {players!r}.")
        if wanted != self.active:
            self.train_function = self._compiled_steps.change((wanted, self.level), self.train_function)
            if self.train_function is None and self.compiled:
                self.make_train_function()

    @property
    def level(self):
        """How far the networks have grown, of a game whose networks grow: a function of `step`; 0 for all others.

        What a step does depends on it, and on who plays: every compiled function is traced once for each.
        """
        return 0

    def _follow_level(self):
        active, level = self._compiled_steps.variant
        if level != self.level:
            self.train_function = self._compiled_steps.change((active, self.level), self.train_function)
            self.test_function = self.predict_function = None

    def make_test_function(self, force=False):
        """As Keras' own."""
        self._follow_level()
        return super().make_test_function(force)

    def make_predict_function(self, force=False):
        """As Keras' own."""
        self._follow_level()
        return super().make_predict_function(force)

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
        self._follow_level()
        if learning != self._learning:
            self._compiled_steps = CompiledSteps(self.active, self.level)
            self._learning, force = learning, True
        super().make_train_function(force)

    def constrain(self, network):
        """Brings the weights of `network` to what the game demands of them, when it is compiled: nothing by default."""

    def renew(self, network):
        """Brings up to date what the game derives from the weights of `network`, which somebody has set."""
        self.constrain(network)

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
        """Refuses layers whose gradients, or whose results on several replicas, would be wrong without a word."""
        penalties.check_coupling(self)
        second_derivatives.check_layers(self)
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
        penalties.check_lazy(self)

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
        # Layers may have been frozen since; an optimizer still has slots for all weights that it was built for.
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
        with second_derivatives.loading():
            self.compile(**{name: keras.saving.deserialize_keras_object(value) for name, value in config.items()})
        self._places = {}


class CompiledSteps:
    """The train functions of one compiled game, one for each variant of its step: each is traced once.

    Attributes:
        variant: (the players that learn, the level), of which the game's present function is.
    """

    def __init__(self, players, level=0):
        self.variant = tuple(players), level
        self._functions = {}

    def change(self, variant, function):
        """Keeps the function of the present variant; returns that of another, or None if there is none yet."""
        self._functions[self.variant] = function
        self.variant = variant
        return self._functions.get(variant)


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
