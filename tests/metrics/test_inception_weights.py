"""Where the weights are looked for, that they are the same from every file, and what is said when they are not."""

import hashlib
import io
import os
import zipfile

import h5py
import numpy as np
import pytest
import tensorflow as tf

from kgan.metrics import inception_containers, inception_layout, inception_weights
from kgan.metrics.inception_layout import AVERAGE, Branches, Conv


@pytest.fixture(autouse=True)
def nowhere(tmp_path, monkeypatch):
    """A machine without weights, and a network of six convolutions named as in the real one."""
    monkeypatch.delenv("KGAN_INCEPTION_WEIGHTS", raising=False)
    monkeypatch.delenv("KGAN_DATA", raising=False)
    monkeypatch.delenv("TORCH_HOME", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    split = inception_layout._block(
        "mixed_9",
        "Mixed_7b",
        [("conv", "branch1x1", 2)],
        [("tower/conv", "b1", 3), (("tower/mixed/conv", "b2a", 2, (1, 3)), ("tower/mixed/conv_1", "b2b", 2, (3, 1)))],
        [AVERAGE, ("tower_2/conv", "branch_pool", 2)],
    )
    assert isinstance(split, Branches)
    monkeypatch.setattr(inception_layout, "STEPS", (Conv("conv", "Conv2d_1a_3x3", 4, (3, 3), 2, "valid"), split))
    monkeypatch.setattr(inception_weights, "FEATURES", 8)
    monkeypatch.setattr(inception_weights, "CLASSES", 5)


def arrays(seed=0):
    random = np.random.default_rng(seed)
    return {name: random.random(shape, np.float32) for name, shape in inception_weights.expected().items()}


TORCH = {
    "kernel": "conv.weight",
    "gamma": "bn.weight",
    "beta": "bn.bias",
    "moving_mean": "bn.running_mean",
    "moving_variance": "bn.running_var",
}


def torch_named(arrays):
    layers = {
        "conv": "Conv2d_1a_3x3",
        "mixed_9_conv": "Mixed_7b.branch1x1",
        "mixed_9_tower_conv": "Mixed_7b.b1",
        "mixed_9_tower_mixed_conv": "Mixed_7b.b2a",
        "mixed_9_tower_mixed_conv_1": "Mixed_7b.b2b",
        "mixed_9_tower_2_conv": "Mixed_7b.branch_pool",
    }
    found = {"fc.weight": arrays["softmax/kernel"].T, "fc.bias": arrays["softmax/bias"]}
    for ours, theirs in layers.items():
        for part, name in TORCH.items():
            values = arrays[f"{ours}/{part}"]
            found[f"{theirs}.{name}"] = np.moveaxis(values, (3, 2), (0, 1)) if part == "kernel" else values
    return found


def script_named(arrays, flat):
    """As NVIDIA's archive is said to name them; without gamma."""
    separator = "_" if flat else "."
    found = {"output.weight": arrays["softmax/kernel"].T, "output.bias": arrays["softmax/bias"]}
    for name, values in torch_named(arrays).items():
        layer, _, part = name.rpartition(".")
        if layer.endswith(("conv", "bn")) and not (layer.endswith("bn") and part == "weight"):
            scopes = {conv.torch: conv.scope for conv in inception_layout.shapes()}
            block, _, rest = scopes[layer.rpartition(".")[0]].partition("/")
            scope = f"{block}.{rest.replace('/', separator)}" if rest else block
            found[f"layers.{scope}.{layer.rpartition('.')[2]}.{part}"] = values
    return found


def graph_named(arrays):
    scopes = {conv.name: conv.scope for conv in inception_layout.shapes()}
    found = {"softmax/weights": arrays["softmax/kernel"], "softmax/biases": arrays["softmax/bias"]}
    for name, values in arrays.items():
        layer, _, part = name.partition("/")
        if layer != "softmax":
            found[f"{scopes[layer]}/" + ("conv2d_params" if part == "kernel" else f"batchnorm/{part}")] = values
    return found


def write_graph(path, named):
    content = tf.compat.v1.GraphDef()
    content.versions.producer = 8
    for name, values in named.items():
        content.node.add(name=name, op="Const").attr["value"].tensor.CopyFrom(tf.make_tensor_proto(values))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.SerializeToString())
    return path


def same(found, wanted):
    assert set(found) == set(wanted)
    for name, values in wanted.items():
        assert found[name].dtype == np.float32 and found[name].flags.c_contiguous
        np.testing.assert_array_equal(found[name], values)


def published(monkeypatch, path):
    """Lets a file of these tests count as a published one."""
    digest = hashlib.sha256(path.read_bytes()).hexdigest()[:8]
    monkeypatch.setattr(inception_weights, "DIGESTS", (digest,))
    return digest


def test_the_same_arrays_from_every_naming(tmp_path, monkeypatch):
    wanted = arrays()
    ungamma = {name: np.ones_like(v) if name.endswith("gamma") else v for name, v in wanted.items()}
    for named, expected in (
        (torch_named(wanted), wanted),
        (torch_named(wanted) | {"Conv2d_1a_3x3.bn.num_batches_tracked": np.int64(3)}, wanted),
        (graph_named(wanted), wanted),
        (script_named(wanted, flat=True), ungamma),
        (script_named(wanted, flat=False), ungamma),
    ):
        same(inception_weights._canonical(named, tmp_path), expected)


def test_the_networks_that_people_have_instead_are_refused(tmp_path):
    torchvisions = torch_named(arrays()) | {
        "AuxLogits.fc.weight": np.ones([1000, 768], np.float32),
        "fc.weight": np.ones([1000, 8], np.float32),
        "fc.bias": np.ones([1000], np.float32),
    }
    with pytest.raises(ValueError, match=r"fc\.weight of the shape \[1000, 8\]; expected \[5, 8\]: it is another"):
        inception_weights._canonical(torchvisions, tmp_path / "inception_v3_google-0cc3c7bd.pth")
    kerass = {"conv2d/kernel": np.ones([3, 3, 3, 32], np.float32), "predictions/bias": np.ones([1000], np.float32)}
    with pytest.raises(ValueError, match="weights of another network than the 2015 Inception: conv2d/kernel"):
        inception_weights._canonical(kerass, tmp_path / "weights.npz")
    path = tmp_path / "inception_v3_weights_tf_dim_ordering_tf_kernels.h5"
    with h5py.File(path, "w") as file:
        file.update({f"{name}:0": values for name, values in kerass.items()})
    with pytest.raises(ValueError, match=r"kernels\.h5 is neither an archive") as caught:
        inception_weights.load(path)
    assert "\n" not in str(caught.value)


def test_a_graph_is_converted_once(tmp_path, monkeypatch):
    path = write_graph(tmp_path / "classify_image_graph_def.pb", graph_named(arrays()))
    first = inception_weights.load(path)
    assert first.source == path.name and first.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert os.listdir(tmp_path / "cache/kgan") == [f"inception-{first.sha256[:8]}.npz"]
    monkeypatch.setattr(inception_containers, "read", None)
    again = inception_weights.load(path)
    same(again.arrays, arrays())
    assert (again.source, again.sha256) == (first.source, first.sha256)


def test_a_damaged_conversion_is_made_anew(tmp_path):
    path = write_graph(tmp_path / "graph.pb", graph_named(arrays()))
    kept = tmp_path / "cache/kgan" / f"inception-{inception_weights.load(path).sha256[:8]}.npz"
    kept.write_bytes(kept.read_bytes()[:1000])
    same(inception_weights.load(path).arrays, arrays())
    with zipfile.ZipFile(io.BytesIO(kept.read_bytes())) as archive:
        assert archive.testzip() is None
    with pytest.raises(ValueError, match="is damaged .* delete it"):
        kept.write_bytes(kept.read_bytes()[:1000])
        inception_weights.load(kept)


def test_a_cache_that_cannot_be_written_is_said(tmp_path):
    (tmp_path / "cache").write_text("a file where the folder should be")
    path = write_graph(tmp_path / "graph.pb", graph_named(arrays()))
    with pytest.warns(UserWarning, match="could not be kept in"):
        same(inception_weights.load(path).arrays, arrays())


def test_the_order_of_the_places(tmp_path, monkeypatch):
    def kernel(path=None):
        return float(inception_weights.load(path).arrays["softmax/bias"][0])

    name = "classify_image_graph_def.pb"
    places = ["cache/torch/hub/checkpoints", "cache/kgan", "data/inception", "variable", "argument"]
    for seed, place in enumerate(places):
        write_graph(tmp_path / place / name, graph_named(arrays(seed)))
        if place == "data/inception":
            monkeypatch.setenv("KGAN_DATA", str(tmp_path / "data"))
        if place == "variable":
            monkeypatch.setenv("KGAN_INCEPTION_WEIGHTS", str(tmp_path / place / name))
        assert kernel(tmp_path / place if place == "argument" else None) == arrays(seed)["softmax/bias"][0]


def test_nothing_found_is_one_line_with_the_files_and_all_that_was_tried(tmp_path):
    with pytest.raises(FileNotFoundError) as caught:
        inception_weights.load()
    message = str(caught.value)
    assert "\n" not in message
    for part in (*inception_weights.FILES, "KGAN_INCEPTION_WEIGHTS", "KGAN_DATA", "cache/kgan", "hub/checkpoints"):
        assert part in message


def test_what_is_named_is_not_passed_over(tmp_path, monkeypatch):
    write_graph(tmp_path / "cache/kgan/classify_image_graph_def.pb", graph_named(arrays()))
    with pytest.raises(FileNotFoundError, match=r"missing\.pth does not exist; expected pt_inception"):
        inception_weights.load(tmp_path / "missing.pth")
    (tmp_path / "empty").mkdir()
    with pytest.raises(FileNotFoundError, match="holds none of pt_inception"):
        inception_weights.load(tmp_path / "empty")
    monkeypatch.setenv("KGAN_INCEPTION_WEIGHTS", str(tmp_path / "missing.pth"))
    with pytest.raises(FileNotFoundError, match="KGAN_INCEPTION_WEIGHTS: .* does not exist"):
        inception_weights.load()


def test_only_a_published_file_is_taken_from_the_cache_unasked(tmp_path, monkeypatch):
    path = write_graph(tmp_path / "graph.pb", graph_named(arrays()))
    assert not inception_weights.load(path).verified
    with pytest.raises(FileNotFoundError):
        inception_weights.load()
    published(monkeypatch, path)
    path.unlink()
    found = inception_weights.load()
    assert found.verified and found.source == "graph.pb"
    same(found.arrays, arrays())


def test_a_published_name_on_other_bytes_is_refused(tmp_path):
    for name in inception_weights.FILES[:2]:
        path = write_graph(tmp_path / name, graph_named(arrays()))
        with pytest.raises(ValueError, match="SHA-256 begins with .* published one's with 6726825d"):
            inception_weights.load(path)


@pytest.mark.parametrize(
    "change, reason",
    [
        (
            lambda a: a.update({"fc.weight": np.ones([1000, 8], np.float32)}),
            r"fc\.weight of the shape \[1000, 8\]; expected \[5, 8\]",
        ),
        (lambda a: a.pop("Mixed_7b.b1.bn.bias"), r"lacks Mixed_7b\.b1\.bn\.bias"),
        (lambda a: a["fc.bias"].__setitem__(0, np.nan), r"fc\.bias with numbers that are not finite"),
        (
            lambda a: a.update({"fc.bias": np.ones([5], int)}),
            r"fc\.bias with numbers that are not finite or not floats",
        ),
        (lambda a: [a.pop(name) for name in list(a) if name.startswith("Conv2d")], "another network"),
    ],
)
def test_another_network_is_refused(tmp_path, change, reason):
    named = torch_named(arrays())
    change(named)
    with pytest.raises(ValueError, match=reason):
        inception_weights._canonical(named, tmp_path / "weights.pth")
