"""The one linear story: recipe -> data -> networks -> objective -> compile -> fit -> artefacts."""

import contextlib
from pathlib import Path

import keras

from kgan import callbacks as kc
from kgan import precision, recipe
from kgan.running import run_folder
from kgan.runs import devices, training
from kgan.runs.checkpoint import at
from kgan.runs.workers import Place, WorkerLost

# How often a training goes back to the same checkpoint before it is given up.
ROLLBACKS = 5

# Stands for a step where there is no checkpoint: the chief tells the workers an integer, and -1 is its refusal.
NO_CHECKPOINT = -2


def build(plan, strategy=None):
    """Data set and compiled game of a recipe: (dataset, gan). Everything random follows the recipe's seed."""
    keras.utils.set_random_seed(plan.seed)
    dataset = plan.build("dataset", plan.dataset)
    dtype_policy, _ = precision.choose(plan.precision)
    with devices.scope(strategy), precision.policy(dtype_policy):
        networks = {}
        for name, spec in plan.networks.items():
            networks[name] = plan.build(name, spec, **_provided(plan, name, dataset, networks))
        gan = plan.build("objective", plan.objective, **networks, seed=plan.seed, kind=dataset.kind)
        _look(plan, dataset, gan)
        optimizers = {
            f"{player}_optimizer": plan.build(
                f"optimizers.{player}", plan.optimizers[player], name=f"{player}_optimizer"
            )
            for player in gan.players
        }
        try:
            gan.compile(**optimizers)
            gan.check_averages()
        except ValueError as error:  # an optimizer or a layer does not fit this game or several replicas
            raise recipe.RecipeError(f"{plan.source}: {error}") from error
    replicas = gan.distribute_strategy.num_replicas_in_sync
    if plan.batch_size % replicas:
        raise recipe.RecipeError(
            f"{plan.source}: batch_size: expected a multiple of the {replicas} replicas, got {plan.batch_size}."
        )
    return dataset, gan


def _look(plan, dataset, gan):
    """What `fit` says of its first batch, before anything is written."""
    found = dataset.example(min(plan.batch_size, 64))
    examples, labels = found if isinstance(found, tuple) else (found, None)
    try:
        gan.look_at(examples, labels, dataset.examined)
    except ValueError as error:
        raise recipe.RecipeError(f"{plan.source}: {error}") from error


def _provided(plan, name, dataset, networks):
    """The arguments of a network that the data set and the networks before it give; a recipe may say them again."""
    ((cls, given),) = plan.networks[name].items()
    where = f"{plan.source}: {name}.{cls}"
    try:
        provided = {key: give(dataset, networks) for key, give in plan.objective_class.provides(name).items()}
    except ValueError as error:  # the objective does not accept this data set
        raise recipe.RecipeError(f"{plan.source}: {name}: {error}") from error
    how = given.get("conditioning")
    if how is None or (how == "auxiliary" and given.get("labels")):  # the network does not need the set's labels
        provided.pop("labels", None)
    elif "labels" in provided and provided["labels"] is None:
        raise recipe.RecipeError(f"{where}.conditioning: the data set has no labels; leave it out.")
    for key, value in provided.items():
        said, known = given.get(key), recipe.spelled(value)
        if said is not None and said != known:
            raise recipe.RecipeError(f"{where}.{key}: the data set has {known}, not {said}; leave it out.")
    return provided


def callbacks(plan, dataset, gan, allow_inexact=False):
    """What a recipe asks for around the steps: (log, checkpoint, monitor, the list of its own callbacks)."""
    per_step = plan.batch_size * gan.num_minibatches
    log = plan.build("log", {"Log": plan.log}, images_per_step=per_step, dataset_size=len(dataset))
    names = [metric.name for metric in gan.metrics]
    own = []
    for index, spec in enumerate(plan.callbacks):
        ((name, given),) = spec.items()
        if "monitor" in given:
            _check_monitor(f"{plan.source}: callbacks.{index}.{name}", given, names)
        if given.get("labels") is not None:
            _check_labels(f"{plan.source}: callbacks.{index}.{name}", given["labels"], gan)
        if name == "ReduceLROnPlateau" and scheduled(plan):
            raise recipe.RecipeError(
                f"{plan.source}: callbacks.{index}: ReduceLROnPlateau needs learning rates that are numbers; "
                f"here one is a schedule."
            )
        own.append(plan.build(f"callbacks.{index}", spec, data=dataset))
    # Scores run first, so that the callbacks after them find the scores in the logs of the epoch.
    own.sort(key=lambda callback: not isinstance(callback, kc.Evaluate))
    scores = [name for callback in own if isinstance(callback, kc.Evaluate) for name in callback.names]
    if len(set(scores)) < len(scores):
        twice = next(name for name in scores if scores.count(name) > 1)
        raise recipe.RecipeError(f"{plan.source}: callbacks: two of them write {twice!r} into the log; leave one out.")
    if plan.checkpoint["monitor"] is not None:
        _check_monitor(f"{plan.source}: checkpoint", plan.checkpoint, names + scores)
    checkpoint = plan.build("checkpoint", {"Checkpoint": plan.checkpoint}, allow_inexact=allow_inexact)
    monitor = plan.build("monitor", {"Monitor": plan.monitor}, data=dataset.example(plan.batch_size))
    return log, checkpoint, monitor, own


def scheduled(plan):
    """Whether a learning rate is a schedule, which nothing can lower."""
    rates = [given.get("learning_rate") for spec in plan.optimizers.values() for given in spec.values()]
    return any(isinstance(rate, dict) for rate in rates)


def _check_labels(where, labels, gan):
    """A picture would be drawn, and fail, only when the training begins."""
    if not gan.conditional:
        raise recipe.RecipeError(f"{where}.labels: this generator takes no labels; leave them out.")
    try:
        gan.labels_for(len(labels), labels)
    except ValueError as error:
        raise recipe.RecipeError(f"{where}.{error}") from error


def _check_monitor(where, given, names):
    """Keras finds out at the first epoch's end that there is nothing of this name, or no direction."""
    if given["monitor"] not in names:
        raise recipe.RecipeError(f"{where}.monitor: expected one of {', '.join(names)}, got {given['monitor']!r}.")
    if given["mode"] not in ("min", "max"):
        raise recipe.RecipeError(f"{where}.mode: expected min or max, got {given['mode']!r}.")


def fit(plan, run_dir, fresh=False, on_nan="stop", allow_inexact=False, place=None, say=print):
    """Trains what the recipe says in `run_dir`, from where an earlier run of the same recipe got to.

    Args:
        plan: a resolved `Recipe`.
        run_dir: the run folder; of several workers the same.
        fresh: remove what an earlier run wrote there and begin anew.
        on_nan: "stop", or "rollback": go back to the last checkpoint and halve the learning rates, five times
            at most from the same checkpoint.
        allow_inexact: go on although versions, threads or devices are others than before.
        place: `kgan.workers.Place`, the devices and workers that take part; None for one device.
        say: function that prints a line.

    Returns:
        The trained game.

    Raises:
        RecipeError: the recipe cannot be built, or the run folder belongs to another one.
        Diverged: a loss or weight is not finite; the last finite checkpoint is kept, and named.
        DataLost: a batch could not be read; everything is saved.
        Interrupted: a signal came; everything is saved.
        WorkerLost: another worker has gone; the last checkpoint stands.
        ChiefRefused: the chief of the workers does not begin, and says why.
    """
    run_dir, place = Path(run_dir), place or Place()
    if on_nan == "rollback" and (scheduled(plan) or place.tasks > 1):
        raise recipe.RecipeError(
            f"{plan.source}: --on-nan rollback needs learning rates that are numbers, and one process."
        )
    place.from_chief(lambda: run_folder.check(plan, run_dir, fresh))
    with place.together():
        dataset, gan = build(plan, place.strategy)
    gan.run_dir = run_dir
    per_step = plan.batch_size * gan.num_minibatches
    log, checkpoint, monitor, own = callbacks(plan, dataset, gan, allow_inexact)
    if not place.chief:
        own = [callback for callback in own if not isinstance(callback, kc.TensorBoard)]
        say = _silent
    progress = kc.Progress(plan.steps, per_step, every=log.every)
    with contextlib.ExitStack() as held:
        # Nothing is written until every object of the recipe has been built without an error.
        checkpoint.attach(gan, [*own, monitor, log])
        step = place.from_chief(lambda: _take(plan, run_dir, fresh, held, checkpoint))
        try:
            checkpoint.resume(gan, checkpoint.peers, lambda: at(checkpoint.path, step) if step >= 0 else None)
        except ValueError as error:
            raise recipe.RecipeError(f"{run_dir}: {error}") from error
        begun = int(gan.step.numpy())
        if checkpoint.stopped:
            say(f"{run_dir} was ended by EarlyStopping at step {begun}; --fresh begins anew.")
            return gan
        if begun >= plan.steps:
            say(f"{run_dir} has all of its {begun} steps; a larger --steps goes on.")
            return gan
        policy = _precision(plan)
        if place.chief:
            run_folder.describe(plan, run_dir, gan, policy)
        replicas = gan.distribute_strategy.num_replicas_in_sync
        where = f"{policy}, {replicas} replicas" if replicas > 1 else policy
        say(f"{plan.name}: {dataset.described}, {where}, into {run_dir}")
        if begun:
            say(f"going on from step {begun}")

        stream = dataset.batches(per_step, seed=plan.seed)
        # The checkpoint callback stands before the signals: it saves at the beginning of a step, then they stop it.
        with kc.StopOnSignal(checkpoint, place) as signals:
            members = [kc.StopOnNonFinite(), *own, monitor, log, progress, checkpoint, signals]
            callback_list = training.OneTraining(members, add_history=True, model=gan)
            try:
                with place.together():
                    _train(gan, stream, plan, log.every, callback_list, checkpoint, on_nan, say)
                    place.finish()
            except WorkerLost:
                if not place.chief and place.asked:  # the chief has saved, and says so
                    raise kc.Interrupted(place.asked, int(gan.step.numpy())) from None
                raise
            finally:
                progress.close()
        return gan


def _take(plan, run_dir, fresh, held, checkpoint):
    """Takes the run folder for this process; returns the step of its newest checkpoint, or NO_CHECKPOINT."""
    held.enter_context(run_folder.locked(run_dir))
    run_folder.check(plan, run_dir, fresh)
    if fresh:
        run_folder.clear(run_dir)
    found = checkpoint.find()
    return found[1]["step"] if found else NO_CHECKPOINT


def _silent(line):
    """What the workers say that are not the chief."""


def _train(gan, stream, plan, every, callback_list, checkpoint, on_nan, say):
    """Trains to the last step; where that diverges, from the last checkpoint on with smaller steps, if asked to."""
    step, times = -1, 0
    while True:
        try:
            try:
                callback_list.begin()
            except ValueError as error:  # a callback that does not fit the game
                raise recipe.RecipeError(f"{plan.source}: callbacks: {error}") from error
            return training.run(gan, stream, plan.steps, every, callback_list, checkpoint)
        except kc.Diverged as error:
            if on_nan == "stop":
                raise kc.Diverged(f"{error} The last finite checkpoint is kept: {checkpoint.newest()}.") from None
            before, step = step, checkpoint.go_back()
            times = times + 1 if step == before else 1
            if times > ROLLBACKS:
                raise kc.Diverged(f"{error} {ROLLBACKS} rollbacks to step {step} have not helped.") from None
            for optimizer in gan.optimizer.optimizers:
                optimizer.learning_rate = optimizer.learning_rate.numpy() * 0.5**times
            rates = ", ".join(f"{float(optimizer.learning_rate):.3g}" for optimizer in gan.optimizer.optimizers)
            say(f"{error} Going back to step {step}; the learning rates are now {rates}.")


def _precision(plan):
    policy, reason = precision.choose(plan.precision)
    return policy if plan.precision != "auto" else f"{policy} ({reason})"
