"""Imports at the desk: a file waits with its plan until somebody has looked at it and says yes."""

from __future__ import annotations

import contextlib
import re
import tempfile
import uuid
import zlib
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path

import sqlalchemy as sa
from flask_babel import gettext as _
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.content import hold_content
from app.database import Base, db, transaction
from app.errors import NotFound, Refused
from app.recipients.importer import plan_import
from app.recipients.importer.applying import carry_out
from app.recipients.importer.archives import is_archive, unpack
from app.recipients.importer.formats import likely_format, read
from app.recipients.importer.plans import Plan

LARGEST = 16 * 1024 * 1024
"""Bytes of a file that comes in through the browser; larger ones are for the command line."""
WAITS = timedelta(days=1)
"""How long a file waits; it is deleted with the next one that comes in."""
_LONGEST_NAME = 100


class Upload(Base):
    """A file that somebody wants to import.

    `content` is compressed, and empty once it is done; `counts` then tells what was done, by kind and
    action ("office new"). `seen` of the services below is the version of content that a plan was made of.
    """

    __tablename__ = "recipient_uploads"

    received_at: Mapped[datetime] = mapped_column(index=True)
    received_by: Mapped[str] = mapped_column(sa.String(80))
    file_name: Mapped[str] = mapped_column(sa.String(_LONGEST_NAME))
    format: Mapped[str] = mapped_column(sa.String(40))
    overwrite: Mapped[bool]
    content: Mapped[bytes] = mapped_column(sa.LargeBinary, deferred=True)
    done_at: Mapped[datetime | None]
    counts: Mapped[dict[str, str]]


class PlanOutdated(Refused):
    """Something was changed between the showing of a plan and its confirmation."""

    def __init__(self) -> None:
        super().__init__(
            _(
                "Something was changed since this page was made."
                " Look at what would happen now, then confirm again."
            )
        )


def receive(
    content: bytes,
    *,
    file_name: str,
    format_name: str | None,
    overwrite: bool,
    row_id: uuid.UUID,
    actor: str,
    now: datetime,
) -> Upload:
    """Keep a file until it is confirmed; nothing is imported yet.

    Args:
        content: of the file, or of a ZIP archive of a folder.
        file_name: what it is called where it comes from.
        format_name: a key of `READERS`; None to tell from the name.
        overwrite: whether organizers' edits give way to the file.
        row_id: made with the form: the same form sent twice keeps one file.
        actor: who sent it.
        now: the present instant.

    Raises:
        Refused: it is empty, too large, an archive that cannot be unpacked, or of a format that is not told.
    """
    if not content:
        raise Refused(_("This file is empty."), "file")
    if len(content) > LARGEST:
        sentence = _("This file is too large here. Use the command line: redress recipients import.")
        raise Refused(sentence, "file")
    name = _plain_name(file_name)
    with _laid_out(content, name) as path:
        format_name = format_name or likely_format(path)
    if format_name is None:
        raise Refused(_("What sort of file is it? Its name does not tell; choose from the list."), "format")
    row = Upload(
        id=row_id, received_at=now, received_by=actor, file_name=name, format=format_name,
        overwrite=overwrite, content=zlib.compress(content), done_at=None, counts={},
    )  # fmt: skip
    try:
        with transaction() as session:
            too_old = (Upload.done_at.is_(None), Upload.received_at < now - WAITS)
            session.execute(sa.delete(Upload).where(*too_old))
            session.add(row)
    except IntegrityError:
        return find(row_id)  # the form was sent before
    return row


def find(upload_id: uuid.UUID) -> Upload:
    """Return a file that waits, or an import that is done.

    Raises:
        NotFound: there is none.
    """
    return _found(db.session, upload_id)


def plan_of(upload: Upload, *, day: date) -> Plan:
    """Return what its import would change as of now. Nothing is written.

    Args:
        upload: one that waits.
        day: today.
    """
    content = zlib.decompress(upload.content)
    with _laid_out(content, upload.file_name) as path:
        records = read(path, upload.format)
    return plan_import(records, day=day, overwrite=upload.overwrite)


def confirm(upload_id: uuid.UUID, *, seen: int, actor: str, now: datetime) -> Upload:
    """Import a file: all of it. Confirmed twice, it is imported once.

    Args:
        upload_id: which.
        seen: `version` of the plan that was looked at.
        actor: for the audit log.
        now: the present instant.

    Raises:
        NotFound: there is none.
        PlanOutdated: offices were changed since the plan was made.
        Refused: there are errors in it.
    """
    upload = find(upload_id)
    if upload.done_at is not None:
        return upload
    plan = plan_of(upload, day=now.date())
    if plan.version != seen:
        raise PlanOutdated
    with transaction() as session:
        row = _found(session, upload_id, lock=True)
        if row.done_at is not None:
            return row
        if hold_content(session) != seen:
            raise PlanOutdated
        carry_out(session, plan, now=now, actor=actor)
        row.done_at, row.content = now, b""
        row.counts = {f"{kind} {action}": str(count) for (kind, action), count in plan.counts().items()}
    return row


def discard(upload_id: uuid.UUID) -> None:
    """Delete a file that waits; one that is gone or done already is left as it is."""
    with transaction() as session:
        session.execute(sa.delete(Upload).where(Upload.id == upload_id, Upload.done_at.is_(None)))


def _found(session: Session, upload_id: uuid.UUID, *, lock: bool = False) -> Upload:
    row = session.get(Upload, upload_id, with_for_update=lock or None)
    if row is None:
        raise NotFound(_("This file is not here any more: it waits for a day. Send it again."))
    return row


def _plain_name(name: str) -> str:
    # It becomes the name of a file of ours, and stands before line and column of every problem.
    last = re.split(r"[/\\]", name)[-1]
    plain = re.sub(r"[^\w .()-]+", "_", last)[-_LONGEST_NAME:].lstrip(". ").rstrip()
    return plain or "file"


@contextlib.contextmanager
def _laid_out(content: bytes, name: str) -> Iterator[Path]:
    """Lay a file, or the folder that an archive holds, where readers can read it."""
    with tempfile.TemporaryDirectory(prefix="redress-import-") as folder:
        if is_archive(content):
            yield unpack(content, Path(folder))
        else:
            path = Path(folder) / name
            path.write_bytes(content)
            yield path
