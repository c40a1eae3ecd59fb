"""Weights out of an HDF5 file: its tree is compared with the one that the model must have.

A link is looked at before it is followed, a dataset before it is read. Nothing that can lead out
of the file, or be larger than it looks, is ever opened.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn, Union

import h5py
import numpy as np
from h5py import h5a, h5d, h5s, h5t
from numpy.typing import NDArray

from shared.errors import WeightsRefused
from shared.said import said
from worker.engine.importing.archives import MOST_WEIGHTS
from worker.engine.importing.configurations import Architecture

Floats = NDArray[np.float32]
BROKEN = (OSError, RuntimeError, ValueError, KeyError, TypeError, OverflowError, AttributeError)
MOST_MEMBERS, MOST_ATTRIBUTES, MOST_VARIABLES = 64, 4, 64
GATES = {"LSTM": 4, "GRU": 3}
LAYOUTS = (h5d.COMPACT, h5d.CONTIGUOUS, h5d.CHUNKED)


@dataclass(frozen=True)
class Array:
    """Weights of this shape."""

    shape: tuple[int, ...]


@dataclass(frozen=True)
class Unread:
    """A dataset that is no weight: it is not opened."""


@dataclass(frozen=True)
class Group:
    """A group with members that must be there, and others that may."""

    members: Mapping[str, Union["Group", Array, Unread]] = field(default_factory=dict)
    others: Mapping[str, Union["Group", Array, Unread]] = field(default_factory=dict)


def read_weights(path: Path, model: Architecture) -> list[Floats]:
    """Return a model's weights in the order of its layers. Raises ``WeightsRefused``."""
    tree, shapes = expected(model)
    size = sum(4 * int(np.prod(shape)) for shape in shapes)
    if size > MOST_WEIGHTS:
        _refuse("/", said("the model has {size} bytes of weights; accepted: at most {most}",
                          size=size, most=MOST_WEIGHTS))  # fmt: skip
    found: dict[str, Floats] = {}
    try:
        with h5py.File(path, "r", locking=False) as file:
            _walk(file, tree, "", found)
    except BROKEN as error:
        _refuse("/", said("it cannot be read: {why}", why=ascii(str(error))[:200]), error)
    return list(found.values())


def expected(model: Architecture) -> tuple[Group, list[tuple[int, ...]]]:
    """Return the tree of a model's file, and the shapes of its weights in order.

    Keras names a group by its layer's kind and, from the second of a kind on, a number.
    """
    groups: dict[str, Any] = {}
    maybe: dict[str, Any] = {}
    counts: dict[str, int] = {}
    shapes: list[tuple[int, ...]] = []
    inputs = model.vocabulary_size
    for kind in model.kinds:
        number = counts[kind] = counts.get(kind, -1) + 1
        name = kind.lower() + (f"_{number}" if number else "")
        if kind == "Dropout":
            maybe[name] = Group(others={"vars": Group(), "seed_generator": _seeds()})
            continue
        own = _shapes(kind, inputs, model)
        shapes += own
        groups[name] = _dense(own) if kind == "Dense" else _recurrent(own)
        inputs = model.units
    optimizer = Group(others={"vars": Group(others=_numbered(MOST_VARIABLES))})
    root = {"layers": Group(groups, maybe)}
    return Group(root, {"vars": Group(), "optimizer": optimizer}), shapes


def _shapes(kind: str, inputs: int, model: Architecture) -> list[tuple[int, ...]]:
    units = model.units
    if kind == "Dense":
        return [(units, model.vocabulary_size), (model.vocabulary_size,)]
    gates = GATES[kind] * units
    return [(inputs, gates), (units, gates), (gates,) if kind == "LSTM" else (2, gates)]


def _dense(shapes: list[tuple[int, ...]]) -> Group:
    return Group({"vars": Group(_arrays(shapes))})


def _recurrent(shapes: list[tuple[int, ...]]) -> Group:
    cell = Group({"vars": Group(_arrays(shapes))}, {"seed_generator": _seeds()})
    return Group({"cell": cell}, {"vars": Group(), "seed_generator": _seeds()})


def _arrays(shapes: list[tuple[int, ...]]) -> dict[str, Group | Array | Unread]:
    return {str(number): Array(shape) for number, shape in enumerate(shapes)}


def _seeds() -> Group:
    return Group(others={"vars": Group(others=_numbered(1))})


def _numbered(count: int) -> dict[str, Group | Array | Unread]:
    return {str(number): Unread() for number in range(count)}


def _walk(group: Any, tree: Group, place: str, found: dict[str, Floats]) -> None:
    """Read what the tree expects of a group, in its order, and refuse all else."""
    _check_attributes(group, place or "/")
    allowed = {**tree.members, **tree.others}
    names = _names(group, allowed, place)
    for name, item in allowed.items():
        path = f"{place}/{name}"
        if name not in names:
            if name in tree.members:
                _refuse(path, said("it is missing"))
        elif isinstance(item, Group):
            _walk(_open(group, name, path, h5py.Group), item, path, found)
        elif isinstance(item, Array):
            dataset = _open(group, name, path, h5py.Dataset)
            found[path] = _read(dataset, item.shape, path)


def _names(group: Any, allowed: dict[str, Any], place: str) -> set[str]:
    """Return the names of a group's members, all of which are links of the plain kind."""
    if len(group) > MOST_MEMBERS + 1:
        _refuse(place or "/", said("it has {count} members", count=len(group)))
    names = set(group)
    for name in sorted(names):
        if name not in allowed:
            _refuse(f"{place}/{ascii(name)[1:-1][:80]}", said("nothing of this name belongs there"))
        if type(group.get(name, getlink=True)) is not h5py.HardLink:
            _refuse(f"{place}/{name}", said("it is a link to somewhere else"))
    return names


def _open(group: Any, name: str, place: str, kind: Any) -> Any:
    item = group[name]
    if not isinstance(item, kind):
        _refuse(place, said("it is a {received}; accepted: {accepted}",
                            received=type(item).__name__, accepted=kind.__name__))  # fmt: skip
    return item


def _check_attributes(item: Any, place: str) -> None:
    """Allow a few names and numbers, none of which is read."""
    count = h5a.get_num_attrs(item.id)
    if count > MOST_ATTRIBUTES:
        _refuse(place, said("it has {count} attributes", count=count))
    for number in range(count):
        attribute = h5a.open(item.id, index=number)
        plain = isinstance(attribute.get_type(), h5t.TypeStringID | h5t.TypeIntegerID)
        if not plain or attribute.get_space().get_simple_extent_type() != h5s.SCALAR:
            _refuse(place, said("it has an attribute that is neither a name nor a number"))


def _read(dataset: Any, shape: tuple[int, ...], place: str) -> Floats:
    """Return a dataset's numbers, once all is known that could make it something else."""
    _check_attributes(dataset, place)
    if not dataset.id.get_type().equal(h5t.IEEE_F32LE):
        _refuse(place, said("its numbers are not float32"))
    if dataset.id.shape != shape:
        _refuse(place, said("its shape is {received}; accepted: {accepted}",
                            received=ascii(dataset.id.shape)[:80], accepted=shape))  # fmt: skip
    _check_storage(dataset, place)
    array = np.empty(shape, np.float32)
    dataset.read_direct(array)
    if not np.isfinite(array).all():
        _refuse(place, said("some of its numbers are not finite"))
    return array


def _check_storage(dataset: Any, place: str) -> None:
    """Refuse numbers that stand in other files, are computed, packed, or not there at all."""
    plan = dataset.id.get_create_plist()
    if plan.get_layout() not in LAYOUTS or plan.get_external_count():
        _refuse(place, said("its numbers stand somewhere else"))
    if plan.get_nfilters():
        _refuse(place, said("its numbers went through a filter"))
    chunks = plan.get_chunk() if plan.get_layout() == h5d.CHUNKED else ()
    if any(chunk > size for chunk, size in zip(chunks, dataset.id.shape, strict=False)):
        _refuse(place, said("its chunks are larger than itself"))
    if dataset.id.get_storage_size() < 4 * int(np.prod(dataset.id.shape)):
        _refuse(place, said("its numbers are not in the file"))


def _refuse(place: str, why: str, error: Exception | None = None) -> NoReturn:
    raise WeightsRefused(
        said("model.weights.h5 is refused: {place}: {why}", place=place, why=why)
    ) from error
