"""The 2015 Inception network as a table: convolutions, pools, branches, and what each is called in which file."""

from dataclasses import dataclass

FEATURES = 2048
CLASSES = 1008
SIDE = 299


@dataclass(frozen=True)
class Conv:
    """A convolution without bias, batch normalisation and ReLU.

    scope: its name in TensorFlow's graph.
    torch: its name in the state dicts of pytorch-fid and torch-fidelity.
    size: the kernel's height and width.
    """

    scope: str
    torch: str
    filters: int
    size: tuple[int, int] = (1, 1)
    strides: int = 1
    padding: str = "same"

    @property
    def name(self):
        return self.scope.replace("/", "_")


@dataclass(frozen=True)
class Pool:
    """A pool over 3x3 pixels; "average" divides by the number of real pixels, without those of the padding."""

    kind: str
    strides: int
    padding: str


@dataclass(frozen=True)
class Branches:
    """Steps side by side, their channels concatenated in this order."""

    name: str
    steps: tuple


AVERAGE = Pool("average", 1, "same")
MAXIMUM = Pool("max", 1, "same")
HALVE = Pool("max", 2, "valid")


def _block(scope, torch, *branches):
    """Branches of pools and of (scope, torch name, filters, size, ...) below the block's own names."""
    prefixed = tuple(
        tuple(_below(scope, torch, step) if isinstance(step, tuple) else step for step in branch) for branch in branches
    )
    return Branches(scope, prefixed)


def _below(scope, torch, step):
    """Names one convolution; a step that begins with a step is a split into two."""
    if isinstance(step[0], tuple):
        halves = tuple((_below(scope, torch, half),) for half in step)
        return Branches(halves[0][0].scope.rpartition("/")[0].replace("/", "_"), halves)
    return Conv(f"{scope}/{step[0]}", f"{torch}.{step[1]}", *step[2:])


def _a(scope, torch, pooled):
    return _block(
        scope,
        torch,
        [("conv", "branch1x1", 64)],
        [("tower/conv", "branch5x5_1", 48), ("tower/conv_1", "branch5x5_2", 64, (5, 5))],
        [
            ("tower_1/conv", "branch3x3dbl_1", 64),
            ("tower_1/conv_1", "branch3x3dbl_2", 96, (3, 3)),
            ("tower_1/conv_2", "branch3x3dbl_3", 96, (3, 3)),
        ],
        [AVERAGE, ("tower_2/conv", "branch_pool", pooled)],
    )


def _b(scope, torch):
    return _block(
        scope,
        torch,
        [("conv", "branch3x3", 384, (3, 3), 2, "valid")],
        [
            ("tower/conv", "branch3x3dbl_1", 64),
            ("tower/conv_1", "branch3x3dbl_2", 96, (3, 3)),
            ("tower/conv_2", "branch3x3dbl_3", 96, (3, 3), 2, "valid"),
        ],
        [HALVE],
    )


def _c(scope, torch, narrow):
    return _block(
        scope,
        torch,
        [("conv", "branch1x1", 192)],
        [
            ("tower/conv", "branch7x7_1", narrow),
            ("tower/conv_1", "branch7x7_2", narrow, (1, 7)),
            ("tower/conv_2", "branch7x7_3", 192, (7, 1)),
        ],
        [
            ("tower_1/conv", "branch7x7dbl_1", narrow),
            ("tower_1/conv_1", "branch7x7dbl_2", narrow, (7, 1)),
            ("tower_1/conv_2", "branch7x7dbl_3", narrow, (1, 7)),
            ("tower_1/conv_3", "branch7x7dbl_4", narrow, (7, 1)),
            ("tower_1/conv_4", "branch7x7dbl_5", 192, (1, 7)),
        ],
        [AVERAGE, ("tower_2/conv", "branch_pool", 192)],
    )


def _d(scope, torch):
    return _block(
        scope,
        torch,
        [("tower/conv", "branch3x3_1", 192), ("tower/conv_1", "branch3x3_2", 320, (3, 3), 2, "valid")],
        [
            ("tower_1/conv", "branch7x7x3_1", 192),
            ("tower_1/conv_1", "branch7x7x3_2", 192, (1, 7)),
            ("tower_1/conv_2", "branch7x7x3_3", 192, (7, 1)),
            ("tower_1/conv_3", "branch7x7x3_4", 192, (3, 3), 2, "valid"),
        ],
        [HALVE],
    )


def _e(scope, torch, pool):
    return _block(
        scope,
        torch,
        [("conv", "branch1x1", 320)],
        [
            ("tower/conv", "branch3x3_1", 384),
            (
                ("tower/mixed/conv", "branch3x3_2a", 384, (1, 3)),
                ("tower/mixed/conv_1", "branch3x3_2b", 384, (3, 1)),
            ),
        ],
        [
            ("tower_1/conv", "branch3x3dbl_1", 448),
            ("tower_1/conv_1", "branch3x3dbl_2", 384, (3, 3)),
            (
                ("tower_1/mixed/conv", "branch3x3dbl_3a", 384, (1, 3)),
                ("tower_1/mixed/conv_1", "branch3x3dbl_3b", 384, (3, 1)),
            ),
        ],
        [pool, ("tower_2/conv", "branch_pool", 192)],
    )


STEPS = (
    Conv("conv", "Conv2d_1a_3x3", 32, (3, 3), 2, "valid"),
    Conv("conv_1", "Conv2d_2a_3x3", 32, (3, 3), 1, "valid"),
    Conv("conv_2", "Conv2d_2b_3x3", 64, (3, 3)),
    HALVE,
    Conv("conv_3", "Conv2d_3b_1x1", 80, (1, 1), 1, "valid"),
    Conv("conv_4", "Conv2d_4a_3x3", 192, (3, 3), 1, "valid"),
    HALVE,
    _a("mixed", "Mixed_5b", 32),
    _a("mixed_1", "Mixed_5c", 64),
    _a("mixed_2", "Mixed_5d", 64),
    _b("mixed_3", "Mixed_6a"),
    _c("mixed_4", "Mixed_6b", 128),
    _c("mixed_5", "Mixed_6c", 160),
    _c("mixed_6", "Mixed_6d", 160),
    _c("mixed_7", "Mixed_6e", 192),
    _d("mixed_8", "Mixed_7a"),
    _e("mixed_9", "Mixed_7b", AVERAGE),
    # Unlike the paper, and unlike every other InceptionV3: the last block takes the maximum.
    _e("mixed_10", "Mixed_7c", MAXIMUM),
)


def follow(steps, x, conv, pool, join):
    """Carries `x` through the steps: conv(step, x), pool(step, x), join(branches, [x, ...]) -> x."""
    for step in steps:
        if isinstance(step, Conv):
            x = conv(step, x)
        elif isinstance(step, Pool):
            x = pool(step, x)
        else:
            x = join(step, [follow(branch, x, conv, pool, join) for branch in step.steps])
    return x


def shapes():
    """{convolution: its kernel's shape, height x width x in x out}, in the order in which they are computed."""
    found = {}

    def conv(step, channels):
        found[step] = (*step.size, channels, step.filters)
        return step.filters

    follow(STEPS, 3, conv, lambda step, channels: channels, lambda step, channels: sum(channels))
    return found
