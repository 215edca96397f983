"""Lets Keras find kgan's classes in files after a mere `import kgan`, which imports neither Keras nor TensorFlow.

Keras looks a class up by its registered name, "kgan>WGANGP". Under each of these names stands a placeholder, from the
moment on at which both Keras and kgan have been imported; the first one that is asked for imports `kgan.register`, by
which all real classes take their places. Nothing of kgan is imported while Keras is, so neither waits for the other.
"""

import importlib
import sys

PACKAGE = "kgan"

# Every class that can stand in a file; a test compares them with what kgan.register registers.
NAMES = (
    "ACGAN", "AdversarialLoss", "Augmentation", "BEGAN", "BEGANDiscriminator", "BEGANGenerator", "BSGAN", "Basis",
    "BatchNormalization", "BiGAN", "BoundarySeeking", "CIFAR10", "Callback", "Checkpoint", "Classes", "Compiled",
    "ConditionalBatchNormalization", "Conditions", "ConsensusGAN", "ConstantThenLinear", "Conv2D", "CrossEntropy",
    "CycleGAN", "DCGANDiscriminator", "DCGANEncoder", "DCGANGenerator", "DRAGAN", "Dataset", "DiffAugment", "Distance",
    "Domains", "Dropout", "EBGAN", "Evaluate", "FDivergence", "FGAN", "FID", "FashionMNIST", "FeatureMatchingGAN",
    "Fitted", "GAN", "Game", "GaussianGenerator", "GaussianNoise", "GaussianSampler", "GeometricGAN", "GradientPenalty",
    "GridOfGaussians", "GroupNormalization", "Guesses", "Hinge", "HistoricalAveragingGAN", "ImageFolder", "InMemory",
    "InceptionScore", "Index", "IndexedDense", "InfoGAN", "InstanceNoise", "InstanceNormalization", "Kind", "L1", "L2",
    "LSGAN", "Labels", "LatentVariableModel", "Layer", "LayerNormalization", "LeastSquares", "LipschitzPenalty",
    "LipschitzPicture", "Log", "LongCriticPhases", "MGAN", "MLPAutoencoder", "MLPDiscriminator", "MLPEncoder",
    "MLPGenerator", "MLPGenerators", "MLPJointDiscriminator", "MNIST", "MinibatchDiscrimination", "MinibatchStddev",
    "Minimax", "Monitor", "NPZ", "Negative", "Network", "NoiseAndCodes", "NoiseLayer", "NonSaturating", "Normal",
    "OlderPlayers", "ParallelLines", "Part", "PatchDiscriminator", "Pictures", "Points", "Pool", "Prior", "Progress",
    "Projection", "R1", "R2", "R3GAN", "R3GANDiscriminator", "R3GANGenerator", "ReferenceBatch", "ReflectionPadding",
    "Regularizer", "RelativisticGAN", "Replay", "ResNetDiscriminator", "ResNetGenerator", "ResidualTranslator",
    "RingOfGaussians", "SNDCGANDiscriminator", "SNDCGANGenerator", "SNGAN", "SampleGrid", "SelfAttention", "Series",
    "Showers", "SimultaneousGAN", "SpectralNormalization", "StandardGAN", "StopOnNonFinite", "StopOnSignal",
    "SwissRoll", "TFDS", "TensorBoard", "TopK", "TrainWeaker", "Translation", "Turned", "TwoTimescale", "Uniform",
    "UnrolledGAN", "VAE", "Vectors", "View", "VirtualBatchNormalization", "WGAN", "WGANGP", "WGANLP", "WeightClipping",
    "WeightDecay",
)  # fmt: skip


def announce():
    """Puts a placeholder into Keras' registry under each name that has no class yet."""
    registry = importlib.import_module("keras").saving.get_custom_objects()
    for name in NAMES:
        registry.setdefault(f"{PACKAGE}>{name}", _placeholder(name))


def _placeholder(name):
    """A class of which Keras asks `from_config` alone."""

    def from_config(config):
        importlib.import_module("kgan.register")
        # Looks in the registry itself: while Keras loads a file, its own look-up uses a copy made before the import.
        registry = importlib.import_module("keras").saving.get_custom_objects()
        return registry[f"{PACKAGE}>{name}"].from_config(config)

    return type(name, (), {"from_config": staticmethod(from_config), "__module__": __name__})


class AfterKeras:
    """A finder of the import system that finds nothing itself, and calls `announce` when Keras has been imported."""

    @classmethod
    def find_spec(cls, name, path=None, target=None):
        """Keras' spec as the finders behind this one give it, whose loader announces kgan in the end."""
        if name != "keras":
            return None
        behind = sys.meta_path[sys.meta_path.index(cls) + 1 :]
        specs = (finder.find_spec(name, path, target) for finder in behind if hasattr(finder, "find_spec"))
        spec = next((spec for spec in specs if spec is not None), None)
        if spec is not None and hasattr(spec.loader, "exec_module"):
            execute = spec.loader.exec_module

            def exec_module(module):
                execute(module)
                announce()

            spec.loader.exec_module = exec_module
        return spec


def watch():
    """Announces kgan's classes to Keras, at once if it is there, else as soon as it is."""
    if "keras" in sys.modules:
        announce()
    elif AfterKeras not in sys.meta_path:
        sys.meta_path.insert(0, AfterKeras)
