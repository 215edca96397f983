"""Files of named arrays that torch and TensorFlow write, read without torch and without running what is in them.

Of torch: its zip archive, the pickles in a row that it wrote before version 1.6, and TorchScript's archive. Of
TensorFlow: the constants of a GraphDef. A pickle is a program: it may call only the few functions below, none of
which touches anything but its arguments. Nothing is unpacked to disk.
"""

import collections
import io
import math
import pickle
import pickletools
import struct
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

LARGEST = 2**30  # bytes; the network has 96 MB
LONGEST_NAME = 300
MOST_OBJECTS = 10**6  # in a pickle; 472 tensors take some 10,000
LEGACY_MAGIC = 0x1950A86A20F9469CFC6C
LEGACY_PROTOCOL = 1001

# Element types by torch's names. NumPy has no bfloat16; its two bytes are the upper half of a float32.
STORAGES = {
    "DoubleStorage": "<f8",
    "FloatStorage": "<f4",
    "HalfStorage": "<f2",
    "BFloat16Storage": "<u2",
    "LongStorage": "<i8",
    "IntStorage": "<i4",
    "ShortStorage": "<i2",
    "CharStorage": "|i1",
    "ByteStorage": "|u1",
    "BoolStorage": "|b1",
}


def read(path):
    """All arrays of a file of weights: {name: array}, whatever container it is in.

    Args:
        path: a zip archive or legacy file of torch.save (a state dict), a TorchScript archive, or a frozen GraphDef.

    Returns:
        {name: NumPy array}, as the file names and lays them out; bfloat16 is widened to float32.

    Raises:
        OSError: the file cannot be opened or read.
        ValueError: another kind of file, a damaged one, or one whose pickle asks for more than arrays; the
            sentence names the file.
    """
    path = Path(path)
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(0)
        magic = file.read(4)
        file.seek(0)
        try:
            if size > LARGEST:
                raise Refused(f"has {size:,} bytes, and a file of these weights has about 96,000,000")
            if magic == b"PK\x03\x04":
                return _read_zip(file, size)
            if magic[:1] == b"\x80":
                return _read_legacy(file, size)
            return _read_graph(file, size)
        except OSError:
            raise
        except Refused as refusal:
            raise ValueError(f"{path} {refusal}; fetch it again from its publisher.") from None
        except Exception as error:  # damaged bytes can raise anything, MemoryError too
            reason = " ".join(str(error).split()) or type(error).__name__
            raise ValueError(f"{path} is damaged ({reason}); fetch it again.") from None


class Refused(Exception):
    """What is wrong with the file, to be read after its name."""


@dataclass
class Storage:
    """Numbers in the file: their type's name in torch, their key, and where a view of them begins."""

    kind: str
    key: str
    offset: int = 0


@dataclass
class Tensor:
    storage: Storage
    offset: int
    size: tuple
    stride: tuple


class Module:
    """An object of a TorchScript archive: its attributes, and none of its code."""

    def __setstate__(self, state):
        self.state = state


def tensor(storage, offset, size, stride, *_):
    return Tensor(storage, offset, size, stride)


def first(value, *_):
    return value


ALLOWED = {
    ("collections", "OrderedDict"): collections.OrderedDict,
    ("torch._utils", "_rebuild_tensor"): tensor,
    ("torch._utils", "_rebuild_tensor_v2"): tensor,
    ("torch._utils", "_rebuild_parameter"): first,
    **{("torch.jit._pickle", f"build_{kind}list"): first for kind in ("int", "double", "bool", "tensor")},
    ("torch.jit._pickle", "restore_type_tag"): first,
    # A storage class is only a name here; nothing calls it.
    **{("torch", name): name for name in STORAGES},
}


class Unpickler(pickle.Unpickler):
    """Makes plain containers and `Tensor`s; whatever else a pickle asks for is refused before it is imported."""

    def __init__(self, file):
        begin = file.tell()
        for opcode, argument, _ in pickletools.genops(file):
            # Python's unpickler allocates a table as long as the largest memo number.
            if opcode.name in ("PUT", "BINPUT", "LONG_BINPUT") and argument > MOST_OBJECTS:
                raise Refused(f"numbers an object {argument:,} in its pickle")
        file.seek(begin)
        super().__init__(file)
        self.widths = {}

    def find_class(self, module, name):
        if module.partition(".")[0] == "__torch__":
            return Module
        if (module, name) not in ALLOWED:
            raise Refused(f"asks for {module}.{name}, which weights have no use for and which was not run")
        return ALLOWED[module, name]

    def persistent_load(self, pid):
        marker, kind, key, _, _, *view = pid
        if marker != "storage" or kind not in STORAGES or not isinstance(key, str):
            raise Refused(f"refers to {str(pid)[:80]}, which is no storage of torch")
        self.widths[key] = np.dtype(STORAGES[kind]).itemsize
        # The older format may hold one storage as a part of another: (its key, where it begins, its length).
        offset = view[0][1] if view and view[0] is not None else 0
        return Storage(kind, key, offset)


def _read_zip(file, size):
    with zipfile.ZipFile(file) as archive:
        names = archive.namelist()
        roots = [name.removesuffix("/data.pkl") for name in names if name.endswith("/data.pkl")]
        if len(roots) != 1:
            raise Refused(f"is a zip archive with {len(roots)} files data.pkl; torch writes one")
        root = roots[0]

        def member(name):
            entry = archive.getinfo(f"{root}/{name}")
            if entry.compress_type != zipfile.ZIP_STORED:
                raise Refused(f"has {entry.filename} compressed, and torch compresses nothing")
            return archive.read(entry)

        if f"{root}/byteorder" in names and member("byteorder") != b"little":
            raise Refused("has its numbers in another byte order than little-endian")
        content = Unpickler(io.BytesIO(member("data.pkl"))).load()
        return _arrays(content, lambda storage: member(f"data/{storage.key}"), size)


def _read_legacy(file, size):
    if Unpickler(file).load() != LEGACY_MAGIC:
        raise Refused("is a pickle, but not one of torch's; of pickles only those that torch.save wrote are read")
    if Unpickler(file).load() != LEGACY_PROTOCOL:
        raise Refused("was written by another version of torch's format than 1001")
    system = Unpickler(file).load()
    if system["little_endian"] is not True:
        raise Refused("has its numbers in the byte order of another machine")
    unpickler = Unpickler(file)
    content = unpickler.load()
    keys = Unpickler(file).load()
    # The numbers follow in the order of the keys; of what type they are, only those who refer to them say.
    places = {}
    for key in keys:
        (count,) = struct.unpack("<q", file.read(8))
        begin, length = file.tell(), count * unpickler.widths[key]
        if not 0 <= length <= size - begin:
            raise Refused(f"ends within its numbers: the storage {key} claims {length:,} bytes")
        places[key] = begin, length
        file.seek(length, 1)

    def numbers(storage):
        begin, length = places[storage.key]
        file.seek(begin)
        return file.read(length)

    return _arrays(content, numbers, size)


def _read_graph(file, size):
    import tensorflow as tf
    from google.protobuf.message import DecodeError

    try:
        graph = tf.compat.v1.GraphDef.FromString(file.read())
    except DecodeError:
        raise Refused("is neither an archive of torch nor a GraphDef of TensorFlow") from None
    arrays, budget = {}, Budget(size)
    for node in graph.node:
        if node.op == "Const":
            value = node.attr["value"].tensor
            dtype = tf.as_dtype(value.dtype)
            if dtype.is_floating:
                # A few bytes can declare a large tensor, since one number may be repeated to fill its shape.
                budget.take(node.name, math.prod(side.size for side in value.tensor_shape.dim) * dtype.size)
                arrays[node.name] = tf.make_ndarray(value)
    if not arrays:
        raise Refused("is neither an archive of torch nor a GraphDef of TensorFlow with constants")
    return arrays


def _tensors(content):
    """The tensors of a state dict, or of a module's attributes below attributes: {name joined by dots: Tensor}."""
    found, seen, waiting = {}, set(), [("", content)]
    while waiting:
        name, value = waiting.pop()
        if isinstance(value, Module):
            value = vars(value).get("state")
        if isinstance(value, Tensor):
            found[name] = value
        elif isinstance(value, dict) and id(value) not in seen:
            seen.add(id(value))
            if len(name) > LONGEST_NAME:
                raise Refused(f"nests names too deep: {name[:40]}...")
            # Calls the method of the class: the pickle may have put attributes on the object.
            waiting += [
                (f"{name}.{key}" if name else key, item) for key, item in dict.items(value) if isinstance(key, str)
            ]
    if not found:
        raise Refused("holds no tensors")
    return found


def _arrays(content, numbers, size):
    """The tensors as arrays. numbers: storage -> its bytes."""
    budget = Budget(size)
    return {name: _array(name, tensor, numbers, budget) for name, tensor in _tensors(content).items()}


def _array(name, tensor, numbers, budget):
    storage, size, stride = tensor.storage, tuple(tensor.size), tuple(tensor.stride)
    dtype = np.dtype(STORAGES[storage.kind])
    if len(size) != len(stride) or any(n < 0 for n in (storage.offset, tensor.offset, *size, *stride)):
        raise Refused(f"gives {name} the shape {list(size)} with the strides {list(stride)}")
    start, count = storage.offset + tensor.offset, math.prod(size)
    stop = start + sum((n - 1) * step for n, step in zip(size, stride, strict=True)) + 1 if count else start
    budget.take(name, max(stop, count) * dtype.itemsize)
    flat = np.frombuffer(numbers(storage), dtype)
    if len(flat) < stop:
        raise Refused(f"has too few numbers for {name}: {len(flat):,} of {stop:,}")
    flat = flat[start:]
    values = np.lib.stride_tricks.as_strided(flat, size, [step * dtype.itemsize for step in stride]).copy()
    return _widened(values) if storage.kind == "BFloat16Storage" else values


def _widened(halves):
    return (halves.astype(np.uint32) << 16).view(np.float32)


class Budget:
    """Bytes that arrays may take: twice the file's and 1 MiB, so that a small file cannot claim all memory."""

    def __init__(self, size):
        self.left = 2 * size + 2**20

    def take(self, name, length):
        if not 0 <= length <= self.left:
            raise Refused(f"claims more numbers than it has, among them those of {name}")
        self.left -= length
