"""The environment of an installation under test."""

from __future__ import annotations

from pathlib import Path

SECRET = "a secret of the tests, long enough to be one"


def installation(
    data_dir: Path, database_url: str | None = None, *, keys_file: Path | None = None, **variables: str
) -> dict[str, str]:
    """Return REDRESS_… variables of one installation.

    Args:
        data_dir: its own folder for keys, mailbox and, without `database_url`, the database.
        database_url: address of its database.
        keys_file: the keys with which the database was written, where it was written before.
        variables: further ones, or others instead, by their whole names.
    """
    environ = {
        "REDRESS_ENV": "test",
        "REDRESS_DATA_DIR": str(data_dir),
        "REDRESS_SECRET_KEY": SECRET,
    }
    if database_url is not None:
        environ["REDRESS_DATABASE_URL"] = database_url
    if keys_file is not None:
        environ["REDRESS_KEYS_FILE"] = str(keys_file)
    return environ | variables
