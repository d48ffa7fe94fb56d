"""The desk of the month: two organizers who do each day what Today asks for."""

from __future__ import annotations

import itertools
import uuid
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import select

from app.database import db
from app.errors import RedressError
from app.letters import desk, posting, readdressing, retracted, unclear
from app.letters.deciding import cancel_copy, release_copy
from app.letters.dispatch import WORDS
from app.letters.readdressing import FOR_A_CONTACT, HeldGroup
from app.letters.resolving import resolve_unclear
from app.letters.settling import settle_all, unclear_groups
from app.letters.stating import CORRECTED
from app.recipients import approving, holding, reaching
from app.recipients.drafts import ContactDraft, HolderDraft
from app.recipients.models import Contact, Recipient
from app.recipients.second_look import proposal_of

ANI, BEN = "organizer:00000000-0000-0000-0000-000000000001", "organizer:00000000-0000-0000-0000-000000000002"
DAY = timedelta(days=1)
PATIENCE = 3 * DAY
"""How long an organizer waits for writers, and for somebody who looks an address up."""


@dataclass
class Organizers:
    """Ani and Ben.

    Attributes:
        story: how often what happened.
        log: the relay's, as they can read it.
    """

    story: Counter[str]
    log: list[str]
    _ways: itertools.cycle[unclear.Settlement] = field(
        default_factory=lambda: itertools.cycle(("arrived", "again", "give-up"))
    )
    _releases: itertools.cycle[bool] = field(default_factory=lambda: itertools.cycle((True, False)))

    def come(self, *, now: datetime) -> None:
        """Do what Today asks for."""
        for task in (self._addresses, self._unclear, self._held, self._retracted, self._paper):
            db.session.rollback()
            task(now)

    def change_holder(self, slug: str, name: str, *, now: datetime) -> None:
        """Somebody else holds an office from today on."""
        office = office_of(slug)
        (holder,) = [one for one in office.holders if one.ends_on is None]
        holding.end_holder(holder.id, on=now.date() - DAY, actor=ANI, now=now)
        draft = HolderDraft(
            name=name, family_name="After", rank="Ambassador", starts_on=now.date(), confidence="high"
        )
        holding.add_holder(office.id, draft, row_id=uuid.uuid4(), actor=ANI, now=now)

    def change_address(self, contact_id: uuid.UUID, value: str, *, now: datetime) -> None:
        """One proposes another address, the other one approves it."""
        db.session.rollback()
        contact = db.session.get_one(Contact, contact_id)
        draft = ContactDraft(channel="email", value=value, confidence=contact.confidence)
        reaching.edit_contact(contact_id, draft, seen=contact.edited_at, actor=ANI, now=now)
        db.session.rollback()
        proposal = proposal_of(db.session.get_one(Contact, contact_id))
        assert proposal is not None
        approving.approve_proposal(
            contact_id, seen=proposal.seen, by="Ben", how="by telephone", actor=BEN, now=now
        )

    def _addresses(self, now: datetime) -> None:
        bounced = select(Contact.id).where(Contact.bounced_at <= now - DAY)
        for number, contact_id in enumerate(db.session.scalars(bounced).all()):
            value = f"new-{now:%m%d}-{number}@offices.example"
            self.change_address(contact_id, value, now=now)
            self.story["address corrected"] += 1

    def _unclear(self, now: datetime) -> None:
        resolved = resolve_unclear(self.log, now=now)
        self.story["found in the log"] += resolved.taken
        self.story["came back by the log"] += resolved.came_back
        db.session.rollback()
        for group in unclear_groups():
            way = next(self._ways)
            first = group.mails[0]
            if group.recipient is None:
                way = "again"  # nobody else can say whether somebody got their own mail
            elif group.count > 1:
                unclear.settle(first.delivery_id, way, actor=ANI, now=now)
                way = next(self._ways)
            settle_all(group.key, way, until=group.until, actor=ANI, now=now)
            self.story[f"unclear: {way}"] += group.count

    def _held(self, now: datetime) -> None:
        for group in readdressing.held_groups(day=now.date()):
            if group.reason == WORDS:
                self._read(group, now)
            elif group.reason in FOR_A_CONTACT and group.since > now - PATIENCE:
                continue  # it leaves by itself once there is an address
            else:
                self._decide(group, now)

    def _decide(self, group: HeldGroup, now: datetime) -> None:
        acts = [readdressing.readdress] if group.can_readdress else []
        # What is left states what was withdrawn since: it goes to nobody any more.
        for act in (*acts, readdressing.cancel_held):
            done, left = 1, 1
            while done and left:
                outcome = act(group.recipient.id, group.reason, actor=ANI, now=now)
                done, left = outcome.done, outcome.left
                self.story[f"{act.__name__}: {group.reason}"] += done
            if not left:
                return

    def _read(self, group: HeldGroup, now: datetime) -> None:
        page = desk.copies(language="en", states=["held"], recipient_id=group.recipient.id, limit=1000)
        for copy in [line.delivery for line in page.lines if line.delivery.reason == WORDS]:
            act = release_copy if next(self._releases) else cancel_copy
            self._try(f"read: {act.__name__}", partial(act, copy.id, actor=ANI, now=now))

    def _retracted(self, now: datetime) -> None:
        for group in retracted.retracted_groups("en"):
            if group.can_ask and group.since > now - PATIENCE:
                self.story["asked writers"] += retracted.ask_writers(group.reason, actor=ANI, now=now).done
            elif group.reason.startswith(CORRECTED) and group.since > now - 2 * PATIENCE:
                done = retracted.release_retracted(group.reason, actor=ANI, now=now).done
                self.story["released as they are"] += done
            else:
                said = "The wells are counted again. Please write once more."
                done = retracted.cancel_retracted(group.reason, said, actor=ANI, now=now).done
                self.story["cancelled with a word"] += done

    def _paper(self, now: datetime) -> None:
        for batch in posting.batches():
            if batch.states["printed"]:
                posting.mark_posted(batch.id, posted_on=now.date(), tracking="RR 1", actor=BEN, now=now)
                self.story["posted"] += 1
        # None is gathered while a stop is on; what is held instead leaves less to gather.
        before = None
        while now.day % 3 == 0 and (waiting := posting.waiting()) and waiting != before:
            before = waiting
            self._try("printed", lambda: self._print(now))

    def _print(self, now: datetime) -> None:
        line = posting.gather(only=None, row_id=uuid.uuid4(), actor=BEN, now=now)
        posting.mark_printed(line.id, actor=BEN, now=now)
        if self.story["printed"] % 3 == 2:
            posting.back_to_print(line.id, actor=BEN, now=now)
            posting.mark_printed(line.id, actor=BEN, now=now)
            self.story["printed twice"] += 1

    def _try(self, what: str, deed: Callable[[], object]) -> object:
        try:
            done = deed()
        except RedressError as error:
            self.story[f"not {what}: {type(error).__name__}: {error}"] += 1
            return None
        self.story[what] += 1
        return done


def office_of(slug: str) -> Recipient:
    """Return an office as it is now."""
    db.session.rollback()
    return db.session.scalars(select(Recipient).where(Recipient.slug == slug)).one()
