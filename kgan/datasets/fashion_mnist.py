"""Fashion-MNIST: 70,000 grey pictures of clothes."""

from kgan.datasets import lookup, mnist
from kgan.datasets.in_memory import InMemory
from kgan.datasets.validate import one_of, text

MIRROR = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/"

PUBLISHED = lookup.Published(
    name="Fashion-MNIST",
    folder="fashion-mnist",
    read=mnist.read_idx_folder,
    expects="train-images-idx3-ubyte.gz, train-labels-idx1-ubyte.gz and the same two with t10k (.gz or not)",
    tfds="fashion_mnist",
    cache="fashion-mnist",
    urls={
        name: {"origin": MIRROR + name}
        for name in (
            "train-images-idx3-ubyte.gz",
            "train-labels-idx1-ubyte.gz",
            "t10k-images-idx3-ubyte.gz",
            "t10k-labels-idx1-ubyte.gz",
        )
    },
    system="/usr/share/datasets/fashion-mnist",
    package="dataset-fashion-mnist",
)


class FashionMNIST(InMemory):
    """Zalando's Fashion-MNIST: 60,000 training and 10,000 test images of ten kinds of clothes.

    Xiao, Rasul and Vollgraf 2017 (https://arxiv.org/abs/1708.07747). Images are uint8 [28, 28, 1] in
    [0, 255], labels int32 class numbers 0 to 9. Looked up in `path`; `$KGAN_DATA/fashion-mnist`;
    /usr/share/datasets/fashion-mnist (Debian's package dataset-fashion-mnist); a prepared
    tensorflow_datasets folder; Keras' cache; then downloaded into Keras' cache.

    Args:
        split: "train" or "test".
        path: folder with the four IDX files, compressed or not; None looks in the places above.

    Raises:
        FileNotFoundError: the set is not in `path`, or nowhere; the line says what was tried.
        ValueError: another split, or a damaged file.

    Example:
        >>> dataset = FashionMNIST(split="test")
        >>> len(dataset), dataset.image_shape, dataset.class_names[9]
        (10000, (28, 28, 1), 'Ankle boot')
    """

    class_names = (
        "T-shirt/top",
        "Trouser",
        "Pullover",
        "Dress",
        "Coat",
        "Sandal",
        "Shirt",
        "Sneaker",
        "Bag",
        "Ankle boot",
    )

    def __init__(self, split: str = "train", path: str | None = None):
        self.split = one_of("split", split, ("train", "test"))
        self.path = None if path is None else text("path", path)
        self.hold(*lookup.load(PUBLISHED, self.split, self.path))
