"""The fields of a training spec as forms lay them out: the main ones, and the others in groups."""

from dataclasses import dataclass, replace

from shared.specs import TrainingSpec
from web.messages import LazyString, _l
from web.pages.forms import fields_but

# What most people want to change; every other field of the spec is folded.
MAIN = ("epochs", "max_windows", "units", "window", "learning_rate", "sample_temperature")


@dataclass(frozen=True)
class Group:
    """Fields that belong together: what they are about, in a line."""

    name: str
    title: LazyString
    about: LazyString
    fields: tuple[str, ...]


GROUPS = (
    Group(
        "model",
        _l("Model"),
        _l("Layers, their cells, and what is hidden from them."),
        ("layers", "cell", "dropout", "input_dropout", "calibration"),
    ),
    Group(
        "optimizer",
        _l("Optimizer"),
        _l("What teaches, in what steps, and when it is enough."),
        (
            *("loss_at", "batch_size", "optimizer", "adam_beta_2", "schedule", "rate_floor"),
            *("warmup_steps", "clip_norm", "weight_decay", "ema_momentum", "patience"),
            *("precision", "devices", "rng_seed"),
        ),
    ),
    Group(
        "data",
        _l("Data"),
        _l("Which part of the text is learned from, and what the run starts from."),
        ("step", "validation_fraction"),
    ),
    Group(
        "samples",
        _l("Samples"),
        _l("What is written after each epoch, so that learning can be seen."),
        ("sample_length", "sample_start", "sample_prompt", "sample_context"),
    ),
    Group(
        "storage",
        _l("Storage and order"),
        _l("Which checkpoints are kept, and who goes first."),
        ("keep_checkpoints", "keep_every"),
    ),
)
NODE = Group(
    "node",
    _l("Node"),
    _l("Which nodes may run it: left empty, all that take such jobs."),
    ("needs.gpu", "needs.memory_bytes", "needs.label"),
)
OTHERS = Group("others", _l("Others"), _l("What belongs nowhere else."), ())


def main_fields(prefix: str = "") -> list[str]:
    """Return the fields in front, with ``prefix`` before their names."""
    return [prefix + name for name in MAIN]


def spec_groups(prefix: str = "") -> list[Group]:
    """Return the groups of the folded fields; later fields join the last one by themselves."""
    known = [name for group in GROUPS for name in group.fields]
    rest = tuple(fields_but(TrainingSpec, [*MAIN, *known]))
    groups = (*GROUPS, replace(OTHERS, fields=rest))
    return [found for group in groups if (found := _there(group, prefix)).fields]


def node_group(prefix: str = "") -> Group:
    """Return the fields of what is asked of a node, with ``prefix`` before their names."""
    return replace(NODE, fields=tuple(prefix + name for name in NODE.fields))


def _there(group: Group, prefix: str) -> Group:
    there = [name for name in group.fields if name in TrainingSpec.model_fields]
    return replace(group, fields=tuple(prefix + name for name in there))
