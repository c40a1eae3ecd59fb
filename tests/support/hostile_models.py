"""How model files are made that mean harm: from a good one, by hand where no library would."""

import io
import json
import pickle
import struct
import zipfile
import zlib
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import h5py
import numpy as np

from tests.support.model_files import (
    LSTM,
    VOCABULARY,
    Change,
    arrays,
    bundle_file,
    config,
    members,
    model_file,
    weights,
    zipped,
)


@dataclass(frozen=True)
class HostileFile:
    """A file that means harm: what it tries, and the code of the refusal."""

    name: str
    tries: str
    code: str
    build: Callable[[], bytes]
    vocabulary: str | None = VOCABULARY


def configured(change: Change) -> Callable[[], bytes]:
    """Return what builds a model whose configuration is changed."""

    def build() -> bytes:
        document = deepcopy(config())
        change(document)
        return model_file(config=json.dumps(document).encode())

    return build


def layer_with(number: int, **settings: Any) -> Callable[[], bytes]:
    """Return what builds a model one of whose layers has other settings."""
    return configured(lambda c: c["config"]["layers"][number]["config"].update(settings))


def weighing(change: Change) -> Callable[[], bytes]:
    """Return what builds a model whose HDF5 file is changed."""
    return lambda: model_file(weights=weights(change))


def replaced(place: str, put: Callable[[Any, str], object]) -> Callable[[], bytes]:
    """Return what builds a model one of whose datasets is something else."""

    def change(file: Any) -> None:
        del file[place]
        put(file, place)

    return weighing(change)


def low(file: Any, place: str, *, external: bool = False, size: int | None = None) -> None:
    """Put a dataset in a place, by the library's own hands."""
    shape = arrays()[place].shape
    if external:
        file.create_dataset(place, shape, np.float32, external=[("/etc/passwd", 0, 4 * 3 * 12)])
    else:
        file.create_dataset(place, (size, *shape[1:]), np.float32, chunks=(1, *shape[1:]))


def virtual(file: Any, place: str) -> None:
    shape = arrays()[place].shape
    layout = h5py.VirtualLayout(shape, np.float32)
    layout[:] = h5py.VirtualSource("/etc/passwd", "x", shape)
    file.create_virtual_dataset(place, layout)


def unfinite(value: float) -> Callable[[], bytes]:
    def change(file: Any) -> None:
        file[f"{LSTM}/0"][2, 3] = value

    return weighing(change)


def huge_chunk(file: Any, place: str) -> None:
    shape = arrays()[place].shape
    file.create_dataset(place, shape, np.float32, chunks=(2**15, 2**13), maxshape=(None, None))


def many(file: Any) -> None:
    for number in range(5000):
        file.create_group(f"layers/more_{number}")


def references(file: Any, place: str) -> None:
    file.create_dataset(place, arrays()[place].shape, h5py.ref_dtype)


def texts(file: Any, place: str) -> None:
    file.create_dataset(place, arrays()[place].shape, h5py.string_dtype())


def compound(file: Any) -> None:
    file["vars"].attrs.create("more", np.zeros((), [("a", "f4"), ("b", "f4")]))


def pickled() -> bytes:
    class Attack:
        def __reduce__(self) -> tuple[Any, ...]:
            return (eval, ("__import__('os').abort()",))

    return pickle.dumps(Attack())


def bomb() -> bytes:
    return zipped(members(weights=bytes(64 * 1024 * 1024)), zipfile.ZIP_DEFLATED)


def nested() -> bytes:
    inner = zipped({"model.keras": model_file()})
    return bundle_file(model=zipped({"model.keras": inner}))


def patched(data: bytes, name: str, central: int, value: bytes, local: int | None) -> bytes:
    """Return a zip file with other bytes in a member's headers, of both or of the central one."""
    out = bytearray(data)
    start = out.rfind(b"PK\x01\x02", 0, out.rfind(name.encode()))
    out[start + central : start + central + len(value)] = value
    if local is not None:
        first = out.rfind(b"PK\x03\x04", 0, out.find(name.encode()))
        out[first + local : first + local + len(value)] = value
    return bytes(out)


def lying_size() -> bytes:
    """Say of compressed zeros that they are a few bytes, in both headers."""
    data = zipped(members(config=b" " * 900_000), zipfile.ZIP_DEFLATED)
    return patched(data, "config.json", 24, struct.pack("<I", 4000), 22)


def encrypted() -> bytes:
    return patched(model_file(), "config.json", 8, struct.pack("<H", 1), 6)


def renamed(written: str, name: str) -> Callable[[], bytes]:
    """Return what builds a model with a member more, of a name that no library would write."""

    def build() -> bytes:
        return zipped(members() | {written: b"{}"}).replace(written.encode(), name.encode())

    return build


def linked() -> bytes:
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w") as archive:
        for name, data in members().items():
            info = zipfile.ZipInfo(name)
            info.external_attr = (0o120777 if name == "config.json" else 0o100600) << 16
            archive.writestr(info, b"/etc/passwd" if name == "config.json" else data)
    return memory.getvalue()


def named(name: str) -> Callable[[], bytes]:
    return lambda: zipped(members() | {name: b"x"})


def crowd() -> bytes:
    return zipped({f"{number}": b"" for number in range(70_000)})


def legacy() -> bytes:
    with TemporaryDirectory() as folder:
        path = Path(folder, "model.h5")
        with h5py.File(path, "w") as file:
            file.attrs["model_config"] = json.dumps(config())
        return path.read_bytes()


def gzip_bomb() -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    return packer.compress(bytes(10**7)) + packer.flush()


def lambda_layer(document: Any) -> None:
    document["config"]["layers"][1] = {
        "module": "keras.layers", "class_name": "Lambda", "registered_name": None,
        "config": {"name": "x", "function": {"class_name": "__lambda__", "config": {
            "code": "4wEAAAA=", "defaults": None, "closure": None}}},
    }  # fmt: skip


def layer_that_is(**what: Any) -> Callable[[], bytes]:
    return configured(lambda c: c["config"]["layers"][1].update(what))


def doubled() -> bytes:
    text = json.dumps(config()).replace('"units": 3', '"units": 3, "units": 4')
    return model_file(config=text.encode())


def soft_loop(file: Any, place: str) -> None:
    file[place] = h5py.SoftLink(f"/{place}")


def elsewhere(file: Any, place: str) -> None:
    file[place] = h5py.ExternalLink("/etc/passwd", "/")


def hard_loop(file: Any) -> None:
    file["layers/lstm/cell/layers"] = file["layers"]


def packed(file: Any, place: str) -> None:
    file.create_dataset(place, data=arrays()[place], compression="gzip")


def wrong_kind(file: Any, place: str) -> None:
    file[place] = arrays()[place].astype(np.float64)
