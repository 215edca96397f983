"""What happens around the steps: logs, pictures, checkpoints, guards."""

from kgan.callbacks.checkpoint import Checkpoint, Inexact
from kgan.callbacks.evaluate import FID, Evaluate, InceptionScore
from kgan.callbacks.finite import Diverged, StopOnNonFinite
from kgan.callbacks.lipschitz_picture import LipschitzPicture
from kgan.callbacks.log import Log
from kgan.callbacks.long_critic_phases import LongCriticPhases
from kgan.callbacks.monitor import Monitor
from kgan.callbacks.older_players import OlderPlayers
from kgan.callbacks.progress import Progress
from kgan.callbacks.sample_grid import SampleGrid
from kgan.callbacks.stop_on_signal import Interrupted, StopOnSignal
from kgan.callbacks.tensorboard import TensorBoard
from kgan.callbacks.train_weaker import TrainWeaker

__all__ = [
    "FID",
    "Checkpoint",
    "Diverged",
    "Evaluate",
    "InceptionScore",
    "Inexact",
    "Interrupted",
    "LipschitzPicture",
    "Log",
    "LongCriticPhases",
    "Monitor",
    "OlderPlayers",
    "Progress",
    "SampleGrid",
    "StopOnNonFinite",
    "StopOnSignal",
    "TensorBoard",
    "TrainWeaker",
]
