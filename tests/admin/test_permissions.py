"""Who may do what: every route of the desk, with every role."""

from __future__ import annotations

import itertools
import uuid

import pytest
from flask import Flask
from sqlalchemy import select
from werkzeug.routing import Rule

from app import clock
from app.campaigns.models import Campaign, LetterTemplate
from app.database import db, transaction
from app.delivery import stops
from app.delivery.models import Delivery, PrintBatch
from app.letters.joint.models import Signature
from app.organizers import accounts
from app.recipients import reaching
from app.recipients.drafts import ContactDraft
from app.recipients.importer import uploads
from app.recipients.models import Contact, Holder, Recipient
from tests.factories.campaigns import KEY, add_group, reword, store_campaign
from tests.factories.corrections import propose
from tests.factories.evidence import FactFactory, MeasureFactory, PersonFactory, store
from tests.factories.joint import BODY, SUBJECT, begin, sign_and_confirm
from tests.factories.letters import write_and_confirm
from tests.factories.organizers import desk_of, store_account
from tests.factories.replies import share_reply
from tests.factories.updates import store_update
from tests.support.client import CheckingClient
from tests.support.pages import Page

pytestmark = pytest.mark.backends("sqlite")  # the guard asks the role's table, not the database

ANYBODY, VIEWER, ORGANIZER, OWNER = range(4)
ROLES = {"viewer": VIEWER, "organizer": ORGANIZER, "owner": OWNER}

# The least that somebody must be, written down a second time on purpose: a view that declares the wrong
# audience is found here. A route that is not listed fails.
LEAST = {
    "admin.today": VIEWER,
    "admin.signed_in": VIEWER,
    "admin_account.show": VIEWER,
    "admin_account.sign_out_everywhere": VIEWER,
    "admin_audit.index": OWNER,
    "admin_corrections.index": VIEWER,
    "admin_corrections.show": VIEWER,
    "admin_evidence.index": VIEWER,
    "admin_evidence.show": VIEWER,
    "admin_evidence.people": VIEWER,
    "admin_evidence.measures": VIEWER,
    "admin_evidence.rules": VIEWER,
    "admin_held.index": VIEWER,
    "admin_unclear.index": VIEWER,
    "admin_post.index": VIEWER,
    "admin_post.show": VIEWER,
    "admin_letters.index": VIEWER,
    "admin_stops.index": VIEWER,
    "admin_letters.show": VIEWER,
    "admin_letters.personal": ORGANIZER,
    "admin_letters.on_paper": ORGANIZER,
    "admin_letters.ask": ORGANIZER,
    "admin_letters.decide": ORGANIZER,
    "admin_campaigns.index": VIEWER,
    "admin_campaigns.show": VIEWER,
    "admin_campaigns.show_joint": VIEWER,
    "admin_campaigns.show_letter": VIEWER,
    "admin_campaigns.show_version": VIEWER,
    "admin_recipients.index": VIEWER,
    "admin_recipients.show": VIEWER,
    "admin_recipients.waiting": VIEWER,
    "admin_welcome.show": ANYBODY,
    "admin_welcome.accept": ANYBODY,
    "security.login": ANYBODY,
    "security.logout": ANYBODY,
    "security.two_factor_setup": ANYBODY,
    "security.two_factor_token_validation": ANYBODY,
    "security.two_factor_rescue": ANYBODY,
    "security.mf_recovery": ANYBODY,
    "security.verify": VIEWER,
    "security.change_password": VIEWER,
    "security.mf_recovery_codes": VIEWER,
}
ROOMS = {
    "admin_campaigns": ORGANIZER,
    "admin_recipients": ORGANIZER,
    "admin_corrections": ORGANIZER,
    "admin_held": ORGANIZER,
    "admin_stops": ORGANIZER,
    "admin_unclear": ORGANIZER,
    "admin_post": ORGANIZER,
    "admin_evidence": ORGANIZER,
    "admin_organizers": OWNER,
    "admin_rules": OWNER,
}
"""Whatever else there is in these rooms changes something."""


def least_for(endpoint: str) -> int:
    return LEAST[endpoint] if endpoint in LEAST else ROOMS[endpoint.partition(".")[0]]


def desk_rules(app: Flask) -> list[Rule]:
    return [rule for rule in app.url_map.iter_rules() if rule.rule.startswith("/admin")]


@pytest.fixture
def things(app: Flask) -> dict[str, object]:
    """One of everything that stands in an address of the desk."""
    with app.app_context(), app.test_request_context():
        slug = store_campaign()
        write_and_confirm(slug)
        office = db.session.scalars(select(Recipient)).first()
        delivery = db.session.scalars(select(Delivery).where(Delivery.kind == "letter")).first()
        assert office is not None
        assert delivery is not None
        contact = db.session.scalars(select(Contact).where(Contact.recipient_id == office.id)).one()
        propose_address(contact)
        colleague = accounts.find_by_email(store_account("organizer").email)
        return {
            "recipient_id": office.id,
            "holder_id": db.session.scalars(select(Holder.id).where(Holder.recipient_id == office.id)).one(),
            "contact_id": contact.id,
            "campaign_id": db.session.scalars(select(Campaign.id)).one(),
            "template_id": db.session.scalars(select(LetterTemplate.id)).one(),
            "number": 1,
            "letter_id": delivery.letter_id,
            "delivery_id": delivery.id,
            "organizer_id": colleague.id,
            "upload_id": store_upload(),
            "correction_id": propose(office.id).id,
            **store_evidence(),
            "decision": "cancel",
            "group": "own",
            "way": "again",
            "step": "suspend",
            "stop_id": stop_campaign(),
            "batch_id": store_batch(),
            "move": "printed",
            **begin_joint(slug),
            "rule_id": add_group(slug, level="international"),
            "update_id": store_update(slug).id,
            "shared_id": share_reply().id,
            "token": "x" * 43,
        }


def store_evidence() -> dict[str, object]:
    """Store one of everything at the evidence desk, and return their ids."""
    rows = {"fact_id": FactFactory, "person_id": PersonFactory, "measure_id": MeasureFactory}
    built = {name: row.build() for name, row in rows.items()}
    for row in built.values():
        store(row)
    return {name: row.id for name, row in built.items()}


def begin_joint(slug: str) -> dict[str, object]:
    """Begin a joint letter that one person has signed, and return their ids."""
    reword(slug, BODY, SUBJECT)
    joint = begin(slug, KEY)
    sign_and_confirm(joint)
    return {"joint_id": joint.id, "signature_id": db.session.scalars(select(Signature.id)).one()}


def stop_campaign() -> uuid.UUID:
    """Stop something that is not needed, and return the stop's id."""
    stops.stop("campaign", uuid.uuid4(), reason="a test", actor="test", now=clock.now())
    return stops.all_stops()[0].id


def propose_address(contact: Contact) -> None:
    """Let another address of a contact wait for somebody's yes."""
    draft = ContactDraft(channel="email", value="another@offices.example")
    reaching.edit_contact(contact.id, draft, seen=contact.edited_at, actor="test", now=clock.now())


def store_batch() -> uuid.UUID:
    """Let a batch of letters be there, and return its id."""
    with transaction() as session:
        batch = PrintBatch(made_at=clock.now(), made_by="test")
        session.add(batch)
        return batch.id


def store_upload() -> uuid.UUID:
    """Let a file wait for somebody's yes, and return its id."""
    return uploads.receive(
        b"external_id\n", file_name="offices.csv", format_name=None, overwrite=False, row_id=uuid.uuid4(),
        actor="test", now=clock.now(),
    ).id  # fmt: skip


def address_of(app: Flask, rule: Rule, things: dict[str, object]) -> str:
    with app.test_request_context():
        built = app.url_map.bind("localhost").build(rule.endpoint, {n: things[n] for n in rule.arguments})
    return str(built)


def statuses(client: CheckingClient, app: Flask, things: dict[str, object]) -> dict[tuple[str, str], int]:
    """Ask for every route of the desk by every method, and return what was answered."""
    found = {}
    with client.unchecked():  # other tests look at the pages; this one walks to every door
        token = csrf_token(client)
        rules = sorted(desk_rules(app), key=lambda rule: rule.endpoint)
        # Everything is looked at before anything is changed.
        for method, rule in itertools.product(("GET", "POST"), rules):
            address = address_of(app, rule, things)
            if rule.endpoint in {"security.logout", "admin_account.sign_out_everywhere"}:
                continue  # see test_whoever_is_signed_in_can_sign_out
            if method in (rule.methods or ()):
                answer = client.open(
                    address, method=method, data={"csrf_token": token} if method == "POST" else None
                )
                found[rule.endpoint, method] = (
                    401
                    if answer.location and answer.location.endswith("/admin/login")
                    else answer.status_code
                )
    return found


def csrf_token(client: CheckingClient) -> str:
    page = client.get("/admin/account", follow_redirects=True)
    return next(Page(page.text).elements("input", name="csrf_token")).get("value", "")


def test_every_route_of_the_desk_is_in_the_table(app: Flask) -> None:
    for rule in desk_rules(app):
        least_for(rule.endpoint)
    names = {rule.endpoint for rule in desk_rules(app)}
    assert set(LEAST) <= names, "the table names a route that there is none of"


@pytest.mark.parametrize("role", ROLES)
def test_each_role_gets_what_is_its_own(app: Flask, things: dict[str, object], role: str) -> None:
    # Guessing limits would answer before the guard's time: they are looked at elsewhere.
    for (endpoint, method), status in statuses(desk_of(app, role), app, things).items():
        told = f"{role} {method} {endpoint}: {status}"
        if ROLES[role] < least_for(endpoint):
            assert status == 403, told
        elif least_for(endpoint) != ANYBODY:
            assert status in {200, 302, 303, 422}, told
        assert status < 500, told


def test_whoever_is_not_signed_in_gets_nothing(
    app: Flask, client: CheckingClient, things: dict[str, object]
) -> None:
    for (endpoint, method), status in statuses(client, app, things).items():
        told = f"nobody {method} {endpoint}: {status}"
        if least_for(endpoint) > ANYBODY:
            assert status == (401 if method == "GET" else 403), told
        else:
            assert status in {200, 302, 303, 401, 404, 422}, told


def test_what_does_not_exist_is_not_there_for_anybody(app: Flask, things: dict[str, object]) -> None:
    nowhere = {
        name: uuid.uuid4() if isinstance(thing, uuid.UUID) else thing for name, thing in things.items()
    } | {"decision": "burn", "step": "burn", "way": "burn"}
    client = desk_of(app, "owner")
    named = {rule.endpoint for rule in desk_rules(app) if set(rule.arguments) - {"token"}}
    for (endpoint, method), status in statuses(client, app, nowhere).items():
        if endpoint in named:
            assert status == 404, f"{method} {endpoint}: {status}"


def test_a_part_of_one_office_is_not_a_part_of_another(app: Flask, things: dict[str, object]) -> None:
    with app.app_context():
        other = db.session.scalars(select(Recipient.id).where(Recipient.id != things["recipient_id"])).first()
    client = desk_of(app, "owner")
    for part in (f"holders/{things['holder_id']}/edit", f"contacts/{things['contact_id']}/edit"):
        assert client.get(f"/admin/recipients/{other}/{part}").status_code == 404


def test_whoever_is_signed_in_can_sign_out(app: Flask) -> None:
    client = desk_of(app, "viewer")
    client.submit(client.get("/admin/account"), action="/admin/account/sign-out-everywhere")
    assert client.get("/admin/").status_code == 302
