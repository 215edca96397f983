"""Several processes, named by TF_CONFIG, that train one model together; and what happens when one of them goes."""

import contextlib
import json
import os
import signal
import socket
import sys
import threading
import time

import tensorflow as tf

# Private modules: no public function aborts a collective operation, or sets how long a silent worker counts as alive.
from tensorflow.compiler.xla.tsl.protobuf.coordination_config_pb2 import CoordinatedJob
from tensorflow.python.eager import context as tf_context

# Seconds to wait for the other workers at the start; and until one that is alive but silent counts as lost.
START, SILENCE = 120, 20
REFUSED = -1
GO, DONE = b"g", b"\0"
FORM = '{"cluster": {"worker": ["host:port", ...]}, "task": {"type": "worker", "index": 0}}'
LOST = (
    tf.errors.UnavailableError, tf.errors.AbortedError, tf.errors.CancelledError, tf.errors.InternalError,
    tf.errors.DeadlineExceededError, tf.errors.FailedPreconditionError, tf.errors.UnknownError,
)  # fmt: skip


class WorkerLost(Exception):
    """Another worker has gone, and the training with it."""


class ChiefRefused(Exception):
    """The chief does not begin; it says why."""


class Place:
    """This process among those that train together.

    Attributes:
        strategy: the `tf.distribute` strategy; None for one device.
        task: which of `tasks` workers this is; number 0 is the chief, who alone writes and speaks.
        asked: the signal of which another worker has told.
    """

    def __init__(self, strategy=None, task=0, tasks=1, lines=()):
        self.strategy, self.task, self.tasks = strategy, task, tasks
        self.asked = None
        self._lines, self._finished = lines, False
        self._listeners = [threading.Thread(target=self._listen, args=[line], daemon=True) for line in lines]
        for listener in self._listeners:
            listener.start()

    @property
    def chief(self):
        return self.task == 0

    def from_chief(self, function):
        """Runs `function` on the chief and returns the integer that it gives there, or 0, to all. A barrier.

        Raises:
            ChiefRefused: on the others, if the function has raised an error on the chief.
        """
        if self.tasks == 1:
            return function() or 0
        if not self.chief:
            value = self._share(0)
            if value == REFUSED:
                self.finish()
                raise ChiefRefused
            return value
        try:
            value = function()
        except Exception:
            self._share(REFUSED)
            self.finish()
            raise
        return self._share(value or 0)

    def _share(self, value):
        def mine():
            first = tf.distribute.get_replica_context().replica_id_in_sync_group == 0
            return tf.where(first, tf.constant(value, tf.int64), 0)

        total = tf.function(lambda: self.strategy.reduce("SUM", self.strategy.run(mine), axis=None))
        with self.together():
            return int(total())

    @contextlib.contextmanager
    def together(self):
        """Around all that the workers do together: raises `WorkerLost` where it ends because one has gone."""
        try:
            yield
        except LOST as error:
            if self.tasks == 1:
                raise
            raise WorkerLost(
                f"worker {self.task} of {self.tasks}: another worker has gone; start all of them again, and the run "
                f"goes on from its last checkpoint."
            ) from error

    def tell(self, number):
        """Tells the others of a signal: a worker asks the chief to stop, the chief says that it has."""
        self._send(bytes([number]))

    def finish(self):
        """All that the workers do together is done. The chief waits until the others have it, and need it no more."""
        self._finished = not self.chief
        if self.chief:
            for listener in self._listeners:
                listener.join(SILENCE)
        else:
            self._send(DONE)

    def leave(self, code):
        """Ends this process now: TensorFlow's own end takes seconds, in which the others would wait."""
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)

    def _send(self, said):
        for line in self._lines:
            with contextlib.suppress(OSError):
                line.sendall(said)

    def _listen(self, line):
        while True:
            try:
                said = line.recv(1)
            except OSError:
                said = b""
            if said == DONE or self._finished:
                return
            if not said:  # end of file: the other process has ended
                tf_context.context().abort_collective_ops(tf.errors.UNAVAILABLE, "a worker has gone")
                return
            self.asked = said[0]


def worker():
    """The `Place` that TF_CONFIG names; None where it is not set. Before anything else uses TensorFlow."""
    text = os.environ.get("TF_CONFIG")
    if not text:
        return None
    task, addresses = cluster(text)
    if len(addresses) == 1:
        return Place()
    lines = meet(task, addresses, START)
    tf_context.context().configure_coordination_service(
        "standalone", service_leader="/job:worker/replica:0/task:0", heartbeat_timeout_in_ms=SILENCE * 1000,
        coordinated_jobs=[CoordinatedJob(name="worker", num_tasks=len(addresses))],
    )  # fmt: skip
    resolver = tf.distribute.cluster_resolver.SimpleClusterResolver(
        tf.train.ClusterSpec({"worker": addresses}), task_type="worker", task_id=task, rpc_layer="grpc"
    )
    # The strategy's constructor replaces the handler of SIGTERM; it is put back below.
    before = signal.getsignal(signal.SIGTERM)
    try:
        strategy = tf.distribute.MultiWorkerMirroredStrategy(resolver)
    except LOST as error:
        raise WorkerLost(f"worker {task} of {len(addresses)}: no connection: {error.message}") from error
    finally:
        signal.signal(signal.SIGTERM, before)
    return Place(strategy, task, len(addresses), lines)


def cluster(text):
    """(number of this worker, addresses of all) from the text of TF_CONFIG; a "chief" is worker 0.

    Example:
        >>> cluster('{"cluster": {"worker": ["a:1", "b:1"]}, "task": {"type": "worker", "index": 1}}')
        (1, ['a:1', 'b:1'])
    """
    try:
        config = json.loads(text)
        jobs, kind, index = dict(config["cluster"]), config["task"]["type"], int(config["task"]["index"])
        chiefs, workers = jobs.get("chief", []), jobs.get("worker", [])
        for address in [*chiefs, *workers]:
            int(address.rsplit(":", 1)[1])
    except (ValueError, KeyError, IndexError, TypeError, AttributeError):
        raise ValueError(f"TF_CONFIG is not of the form {FORM}.") from None
    unknown = sorted({*jobs, kind} - {"chief", "worker"})
    if unknown:
        raise ValueError(f"TF_CONFIG names {', '.join(unknown)}; kgan trains on workers alone: {FORM}.")
    if len(chiefs) > 1 or not 0 <= index < len(jobs.get(kind, [])):
        raise ValueError(f"TF_CONFIG's task {kind} {index} is not in its cluster; the form is {FORM}.")
    return index + (len(chiefs) if kind == "worker" else 0), [*chiefs, *workers]


def meet(task, addresses, seconds):
    """Waits until all workers are there: in Python, where signals are heard, since TensorFlow waits for ever.

    The workers call the chief where its server will be. The lines stay open: the system closes them when a
    process ends, however it ends, and the other side knows at once.

    Returns:
        The chief's lines to all others; another worker's line to the chief.
    """
    try:
        own = socket.create_server(("", int(addresses[task].rsplit(":", 1)[1])), backlog=len(addresses))
    except OSError as error:
        raise ValueError(
            f"TF_CONFIG: worker {task} cannot have {addresses[task]}: {os.strerror(error.errno)}."
        ) from None
    end = time.monotonic() + seconds
    with own:
        return _answer(own, addresses, end, seconds) if task == 0 else [_call(task, addresses[0], end, seconds)]


def _answer(own, addresses, end, seconds):
    lines = {}
    while len(lines) < len(addresses) - 1:
        try:
            own.settimeout(max(end - time.monotonic(), 0.01))
            line, _ = own.accept()
        except TimeoutError:
            missing = [f"{task} ({addresses[task]})" for task in range(1, len(addresses)) if task not in lines]
            raise WorkerLost(f"worker {', '.join(missing)} did not come within {seconds} s.") from None
        try:
            line.settimeout(5)
            lines[int(line.recv(16))] = line
        except (OSError, ValueError):
            line.close()  # somebody else
    for line in lines.values():
        line.sendall(GO)
        line.settimeout(None)
    return list(lines.values())


def _call(task, chief, end, seconds):
    host, number = chief.rsplit(":", 1)
    while True:
        try:
            line = socket.create_connection((host, int(number)), timeout=5)
            break
        except OSError as error:
            if time.monotonic() >= end:
                raise WorkerLost(f"the chief, {chief}, did not come within {seconds} s ({error}).") from None
            time.sleep(0.2)
    try:
        line.sendall(str(task).encode())
        line.settimeout(seconds + 5)  # the chief's own wait ends before, and it names who is missing
        answer = line.recv(1)
    except OSError:
        answer = b""
    if answer != GO:
        raise WorkerLost(f"the chief, {chief}, has gone before all workers were there.")
    line.settimeout(None)
    return line
