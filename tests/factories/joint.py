"""Joint letters: begun, signed and confirmed, by the services that the pages call."""

from __future__ import annotations

import re
import uuid
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from app import clock
from app.campaigns.models import Campaign
from app.campaigns.reading import page_of
from app.database import db, transaction
from app.hot_rows import insert_rows, new_row
from app.letters.joint.confirming import confirm
from app.letters.joint.desk import open_joint
from app.letters.joint.models import JointLetter, Signature
from app.letters.joint.signing import Signing, page_token, sign
from app.security.tokens import hash_token
from app.supporters.addresses import address_index
from app.supporters.models import Supporter
from tests.factories.campaigns import TemplateFactory, store_campaign
from tests.factories.letters import WriterFactory, notices
from tests.factories.recipients import OfficeFactory

BODY = "We live in the valley.\n\n{{ recipient.ask }}\n\nThank you for reading this."
SUBJECT = "A joint letter to the {{ recipient.title }}"


def store_joint(*, offices: int = 4, **joint: Any) -> JointLetter:
    """Store a campaign with so many offices and begin its joint letter. Needs an application context."""
    template = TemplateFactory.build(key="joint", subject=SUBJECT, body=BODY)
    slug = store_campaign(OfficeFactory.build_batch(offices), templates=[TemplateFactory.build(), template])
    return begin(slug, "joint", **joint)


def begin(slug: str, key: str, **joint: Any) -> JointLetter:
    """Begin a joint letter of a campaign to all of its offices, with what is published under a key."""
    db.session.rollback()
    campaign = db.session.scalars(select(Campaign).where(Campaign.slug == slug)).one()
    template = next(one for one in campaign.templates if one.key == key)
    values: dict[str, Any] = {"row_id": uuid.uuid4(), "reply_to": "desk@group.example", "closes_on": None}
    values |= {"actor": "test", "now": clock.now(), **joint}
    offices = [member.recipient_id for member in campaign.audience]
    open_joint(campaign.id, template.id, offices, **values)
    return the_joint(values["row_id"])


def the_joint(joint_id: uuid.UUID) -> JointLetter:
    """Return a joint letter as it is now."""
    db.session.rollback()
    return db.session.get_one(JointLetter, joint_id, populate_existing=True)


def sign_joint(joint: JointLetter, *, now: datetime | None = None, **given: Any) -> str:
    """Sign a joint letter and return the address that was written to; keywords are those of the form."""
    now = now or clock.now()
    own = {"kind": "person", "public": True, "updates": False, "language": "en"}
    own |= {"submission_key": uuid.uuid4(), "writer": None}
    own |= {name: given.pop(name) for name in list(given) if name in own}
    own["writer"] = own["writer"] or WriterFactory.build(**given)
    campaign = db.session.get_one(Campaign, joint.campaign_id)
    page = page_of(campaign, "en", today=now.date())
    sign(joint, page, Signing(**own), network=None, now=now)
    return str(own["writer"].email)


def token_for(address: str) -> str:
    """Return the token of the newest confirmation link in a mailbox."""
    mail = notices(address)[-1]
    found = re.findall(r"/signatures/confirm/([\w-]+)\s", mail.text)
    assert len(found) == 1, f"{len(found)} links in the mail"
    return str(found[0])


def sign_and_confirm(joint: JointLetter, *, now: datetime | None = None, **given: Any) -> str:
    """Sign and confirm, and return the token of the signature's page."""
    return confirm(token_for(sign_joint(joint, now=now, **given)), now=now or clock.now())


def store_signatures(joint: JointLetter, names: list[str], *, now: datetime) -> None:
    """Store confirmed signatures in this order, a second apart: past the form, where many are needed."""
    rows = [_signed(joint, name, now + timedelta(seconds=place)) for place, name in enumerate(names)]
    with transaction() as session:
        insert_rows(session, *(supporter for supporter, _signature in rows))
        insert_rows(session, *(signature for _supporter, signature in rows))


def _signed(joint: JointLetter, name: str, at: datetime) -> tuple[Supporter, Signature]:
    address = f"{uuid.uuid4()}@people.example"
    supporter = new_row(
        Supporter, email_index=address_index(address), email=address, name=name, title="Teacher",
        affiliation="School of the Valley", city="Ձոր", country="AM", language="en", created_at=at,
    )  # fmt: skip
    signature = new_row(
        Signature, joint_letter_id=joint.id, supporter_id=supporter.id, kind="person", public=True,
        submission_key=uuid.uuid4(), created_at=at, confirm_token_hash=hash_token(address), confirm_until=at,
        confirmed_at=at,
    )  # fmt: skip
    signature.page_token_hash = hash_token(page_token(signature.id))
    return supporter, signature
