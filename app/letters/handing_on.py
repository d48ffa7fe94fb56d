"""Handing a campaign from one installation to another: a folder, or one archive of it.

What comes in is a draft whose texts wait for a reader. Nothing that is here is overwritten: offices are
found by their external ids, what the evidence knows already stays as it is, and a campaign of that address
stays beside the one that comes in.
"""

from __future__ import annotations

import io
import re
import tempfile
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.campaigns.deeds_file import is_known_holder
from app.campaigns.editing import free_slug, note
from app.campaigns.folder import Folder, put, read_folder
from app.campaigns.folder_writing import campaign_files, handed_on
from app.campaigns.models import Campaign, TemplateVersion
from app.database import transaction
from app.errors import RedressError, Refused
from app.evidence import portable
from app.letters.checking import sentences_for
from app.letters.stating import statements_of
from app.recipients.models import Recipient
from app.yaml_files import dump_yaml, read_yaml

EVIDENCE: Final = "evidence.yaml"
MOST_FILES: Final = 300
LARGEST: Final = 8 * 1024 * 1024
"""Bytes of all files of an archive, unpacked."""

_PATH = re.compile(
    r"campaign\.yaml|evidence\.yaml|(?:letters|attachments)/[a-z0-9_-]{1,60}\.[a-z]{2,3}(?:-[A-Za-z]{2,4})?\.txt"
)


@dataclass
class Report:
    """What an import did, or would do.

    Attributes:
        slug: of the campaign as it would be here.
        letters: names and languages; every one of them waits for a reader.
        offices: how many of those it writes to are here.
        unknown: external ids of those that are not: they are left out.
        evidence: what is new of the evidence, and what is known here as something else.
        problems: of the letters, in sentences.
    """

    slug: str
    letters: list[str] = field(default_factory=list)
    offices: int = 0
    unknown: list[str] = field(default_factory=list)
    evidence: portable.Taken = field(default_factory=portable.Taken)
    problems: list[str] = field(default_factory=list)


def export_files(session: Session, slug: str, *, now: datetime) -> dict[str, str]:
    """Return a campaign's folder: path within it, and text.

    Raises:
        RedressError: there is no such campaign.
    """
    campaign = session.scalar(select(Campaign).where(Campaign.slug == slug))
    if campaign is None:
        raise RedressError(f"There is no campaign {slug}.")
    files = campaign_files(session, campaign, now=now)
    evidence = portable.written(session, _stated(campaign, now))
    return files | ({EVIDENCE: dump_yaml(evidence)} if evidence else {})


def packed(files: Mapping[str, str]) -> bytes:
    """Return files as one ZIP archive: the same files make the same bytes."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(files):
            archive.writestr(zipfile.ZipInfo(path, date_time=(1980, 1, 1, 0, 0, 0)), files[path].encode())
    return content.getvalue()


@contextmanager
def unpacked(content: bytes) -> Iterator[Path]:
    """Unpack an archive into a folder that lasts as long as the block.

    Raises:
        Refused: it is damaged, has too much in it, or files that a campaign's folder never has.
    """
    with tempfile.TemporaryDirectory(prefix="redress-campaign-") as folder:
        try:
            _unpack(content, Path(folder))
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError):
            raise Refused(_("This archive cannot be unpacked: it is damaged or locked."), "file") from None
        yield Path(folder)


def _unpack(content: bytes, folder: Path) -> None:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        entries = [entry for entry in archive.infolist() if not entry.is_dir()]
        if len(entries) > MOST_FILES or sum(entry.file_size for entry in entries) > LARGEST:
            raise Refused(_("There is too much in this archive for a campaign."), "file")
        for entry in entries:
            if not _PATH.fullmatch(entry.filename):
                raise Refused(
                    _("A campaign’s archive holds no file of the name %(name)s.", name=entry.filename[:80]),
                    "file",
                )
            archive.extract(entry, folder)


def import_campaign(path: Path, *, dry_run: bool, actor: str, now: datetime) -> Report:
    """Import a campaign's folder as a draft, in one transaction.

    Args:
        path: the folder.
        dry_run: only say what would be imported.
        actor: for the audit log; who made the versions of its letters.
        now: the present instant.

    Raises:
        RedressError: it is not a campaign's folder; the sentence names the file.
    """
    folder = read_folder(path)
    evidence = (read_yaml(path / EVIDENCE) or {}) if (path / EVIDENCE).exists() else {}
    report = Report(slug="")
    try:
        with transaction() as session:
            campaign = _import(session, folder, evidence, report, actor=actor, now=now)
            if dry_run:
                raise _Undone
            note(session, "campaign.imported", campaign, actor=actor, now=now)
    except _Undone:
        pass
    return report


class _Undone(Exception):
    """Ends the transaction of a dry run: nothing of it stays."""


def _import(
    session: Session,
    folder: Folder,
    evidence: Mapping[str, Any],
    report: Report,
    *,
    actor: str,
    now: datetime,
) -> Campaign:
    if not isinstance(evidence, Mapping):
        raise RedressError(f"{EVIDENCE} holds facts, people and measures: lists of rows with a key.")
    report.evidence = portable.take(session, evidence, now=now)
    known = set(
        session.scalars(select(Recipient.external_id).where(Recipient.external_id.in_(folder.offices)))
    )
    report.offices = len(known)
    report.unknown = sorted(set(folder.offices) - known)
    report.slug = free_slug(session, str(folder.description["slug"]))
    acted = []
    for deed in folder.description.get("acted") or ():
        if deed.get("recipient") in known and is_known_holder(session, deed):
            acted.append(deed)
        elif deed.get("recipient") in known:
            report.unknown.append(f"{deed['recipient']}: {deed['holder']}")
    taken = _as_draft(folder, known, acted, report.slug)
    campaign, versions = put(session, None, taken, by=actor, now=now)
    campaign.edited_at = now
    session.flush()
    for version in versions:
        name = f"{version.template.name} ({version.template.language})"
        report.letters.append(name)
        found = sentences_for(session, campaign, version, day=now.date())
        report.problems += [f"{name}: {sentence}" for sentence in found]
    return campaign


def _as_draft(folder: Folder, known: set[str], acted: Sequence[Mapping[str, Any]], slug: str) -> Folder:
    members = [
        one
        for one in folder.description.get("audience") or ()
        if "recipient" not in one or one["recipient"] in known
    ]
    letters = tuple(replace(one, status="review", approved_by="") for one in folder.letters)
    taken = {"slug": slug, "status": "draft", "audience": members, "acted": acted}
    return Folder({**folder.description, **taken}, letters)


def _stated(campaign: Campaign, now: datetime) -> set[str]:
    """Return what the campaign's page and letters take from the evidence."""
    versions: list[TemplateVersion] = [
        version for template in campaign.templates if (version := handed_on(template, now=now)) is not None
    ]
    names = {name for version in versions for name in statements_of(version)}
    return names | {f"fact.{key}" for key in campaign.facts}
