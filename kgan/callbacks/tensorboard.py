"""TensorBoard in the run folder."""

import keras

from kgan.configurable import Configurable


class TensorBoard(Configurable, keras.callbacks.TensorBoard):
    """Keras' TensorBoard callback, writing to `tensorboard/` in the run folder: `tensorboard --logdir RUN`.

    It needs the package tensorboard: `pip install kgan[tensorboard]`.

    Args:
        folder: relative to the run folder.
        histogram_freq: epochs between weight histograms; 0 for none.

    Example:
        >>> TensorBoard().get_config()
        {'folder': 'tensorboard', 'histogram_freq': 0}
    """

    def __init__(self, folder: str = "tensorboard", histogram_freq: int = 0):
        try:
            import tensorboard  # noqa: F401
        except ImportError:
            raise ValueError("The TensorBoard callback needs `pip install kgan[tensorboard]`.") from None
        super().__init__(histogram_freq=histogram_freq)
        self.folder = folder

    def set_model(self, model):
        self.log_dir = str(model.run_dir / self.folder)
        super().set_model(model)
