"""Reading YAML files: data only, never objects, by the C parser where there is one (ten times as fast)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from app.errors import RedressError

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
DUMPER: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


def parse_yaml(text: str, name: str) -> Any:
    """Return what a YAML text holds.

    Args:
        text: the text.
        name: of the file, for the error.

    Raises:
        RedressError: it is not YAML; the sentence says where.
    """
    try:
        return yaml.load(text, Loader=LOADER)  # noqa: S506 (a safe loader, written in C)
    except yaml.YAMLError as error:
        raise RedressError(f"{name} cannot be read: {' '.join(str(error).split())}") from None


def dump_yaml(value: Any) -> str:
    """Return data as YAML: in the order given, letters of all scripts as they are."""
    return str(
        yaml.dump(
            value, Dumper=DUMPER, allow_unicode=True, sort_keys=False, width=110, default_flow_style=False
        )
    )


def read_yaml(path: Path) -> Any:
    """Return what a YAML file holds. Raises what `parse_yaml` raises."""
    return parse_yaml(path.read_text(encoding="utf-8"), path.name)
