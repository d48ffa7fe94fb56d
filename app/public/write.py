"""The write page: the form, its preview, and sending it."""

from __future__ import annotations

from io import BytesIO
from typing import Any

from flask import abort, current_app, redirect, render_template, request, send_file, url_for
from flask.typing import ResponseReturnValue

from app import clock
from app.campaigns.offering import own_words_asked
from app.campaigns.reading import CampaignPage
from app.campaigns.representing import Representatives
from app.errors import Refused
from app.i18n import page_language
from app.letters.attachments import attachments_of
from app.letters.choosing import ShownLetter, choices
from app.letters.draft import place_of
from app.letters.originality import originality_of
from app.letters.previewing import preview
from app.letters.printing import admit_to_press, preview_on_paper
from app.letters.snapshot import Snapshot, open_snapshot
from app.letters.tone import look_at_words
from app.letters.wording import Worded
from app.letters.writing import SentAlready, write
from app.public.blueprint import public
from app.public.by_themselves import MOST_ON_PAPER, by_themselves
from app.public.forms import WriteForm
from app.security.guard import PUBLIC, audience
from app.security.networks import network_of

FRAGMENT = "X-Redress-Fragment"


@public.get("/campaigns/<slug>/write", endpoint="write")
@audience(PUBLIC)
def show(slug: str) -> ResponseReturnValue:
    """Show the form, with every office preselected that the campaign preselects."""
    snapshot, page = _open(slug)
    form = _form(snapshot, page)
    form.recipients.data = [
        office.slug for office in snapshot.offices if office.addressable and office.preselected
    ]
    form.choose_points()
    _ask(snapshot, form)
    return _render(snapshot, page, form)


@public.post("/campaigns/<slug>/write", endpoint="submit")
@audience(PUBLIC)
def submit(slug: str) -> ResponseReturnValue:
    """Preview, show on paper, hand out or send, as the pressed button says."""
    snapshot, page = _open(slug)
    form = _form(snapshot, page)
    _ask(snapshot, form)
    intent = request.form.get("intent", "own_mail" if "sent" in request.form else "send")
    if intent == "reword":
        form.renew()  # other wordings are drawn with another key
        return _preview(snapshot, page, form)
    if intent == "preview":
        return _preview(snapshot, page, form)
    if intent == "paper":
        return _on_paper(snapshot, page, form)
    if intent == "find":
        return _find(snapshot, page, form)
    if intent in ("print", "own_mail"):
        return by_themselves(snapshot, page, form, intent) or _render(snapshot, page, form, status=422)
    if intent != "send":
        abort(400)
    return _send(snapshot, page, form)


@public.get("/campaigns/<slug>/sent", endpoint="sent")
@audience(PUBLIC)
def sent(slug: str) -> ResponseReturnValue:
    """Say that a mail is on its way. The same page for everybody: it tells nothing about an address."""
    _snapshot, page = _open(slug)
    settings = current_app.config["REDRESS_SETTINGS"]
    shown_here = settings.env == "development" and settings.smtp_url is None
    mailbox_url = url_for("public.mailbox") if shown_here else ""
    return render_template("public/letters/sent.html", campaign=page, mailbox_url=mailbox_url)


def _open(slug: str) -> tuple[Snapshot, CampaignPage]:
    today = clock.now().date()
    snapshot = open_snapshot(slug, page_language(), day=today)
    return snapshot, snapshot.page


def _form(snapshot: Snapshot, page: CampaignPage) -> WriteForm:
    now = clock.now()
    return WriteForm(
        minimum_words=page.minimum_words,
        personal_required=page.required,
        languages=snapshot.languages(now=now),
        offered=snapshot.points(now=now),
        page_language=snapshot.language,
    )


def _ask(snapshot: Snapshot, form: WriteForm) -> None:
    """Tell the form what the chosen letters ask for, and what can be said of their texts."""
    letters = {office.template_key for office in snapshot.named(form.recipients.data or ())}
    form.ask_for(own_words_asked(snapshot.campaign, letters))
    form.offer_passages(snapshot.passages(form.language.data, now=clock.now()), letters)


def _preview(snapshot: Snapshot, page: CampaignPage, form: WriteForm) -> ResponseReturnValue:
    form.validate()
    # An unfinished form is no mistake while somebody writes: only what can never be sent is pointed out.
    form.keep_only_unsafe()
    if request.headers.get(FRAGMENT) == "preview":
        shown = _previewed(snapshot, form) | {"letters": _choices(snapshot, form), "form": form}
        return render_template("public/letters/_fragment.html", **shown)
    return _render(snapshot, page, form, status=422 if form.errors else 200)


def _on_paper(snapshot: Snapshot, page: CampaignPage, form: WriteForm) -> ResponseReturnValue:
    form.validate()
    form.keep_only_unsafe()
    worded = _worded(snapshot, form)
    if not worded:
        return _render(snapshot, page, form, status=422 if form.errors else 200)
    admit_to_press(network_of(request.remote_addr), now=clock.now())
    # More than a few at once would be work for a machine that asks for it, not for a person who looks.
    content = preview_on_paper(worded[:MOST_ON_PAPER])
    return send_file(BytesIO(content), mimetype="application/pdf", download_name=f"{page.slug}.pdf")


def _find(snapshot: Snapshot, page: CampaignPage, form: WriteForm) -> ResponseReturnValue:
    form.validate()
    form.keep_only_unsafe()
    there = _representatives(snapshot, form)
    if there is None:
        abort(400)
    # Those who represent the place for sure are ticked; between districts the person chooses.
    form.recipients.data = [*(form.recipients.data or ()), *(office.slug for office in there.certain)]
    return _render(snapshot, page, form, status=422 if form.errors else 200)


def _representatives(snapshot: Snapshot, form: WriteForm) -> Representatives | None:
    """Return who represents the supporter; None where the campaign does not write to representatives."""
    if not snapshot.seeks_representatives():
        return None
    return snapshot.representatives_at(place_of(form.draft().writer))


def _send(snapshot: Snapshot, page: CampaignPage, form: WriteForm) -> ResponseReturnValue:
    if form.website.data:
        # Only a machine fills in what nobody sees. It is told nothing, and nothing is stored.
        return redirect(url_for("public.sent", slug=page.slug), 303)
    if form.validate():
        try:
            network = network_of(request.remote_addr)
            write(snapshot, page, form.draft(), network=network, now=clock.now())
        except SentAlready as error:
            form.complain(error)
            form.renew()
        except Refused as error:
            form.complain(error)
        else:
            return redirect(url_for("public.sent", slug=page.slug), 303)
    return _render(snapshot, page, form, status=422)


def _previewed(snapshot: Snapshot, form: WriteForm) -> dict[str, Any]:
    """Return what the preview shows: the letters, and what can be said about the supporter's own words."""
    previews, own = _worded(snapshot, form), form.draft().own_words
    if form.has_unsafe_text or not own:
        return {"previews": previews, "originality": None, "findings": ()}
    return {
        "previews": previews,
        "originality": originality_of(snapshot.campaign.id, previews),
        "findings": look_at_words(own),
    }


def _choices(snapshot: Snapshot, form: WriteForm) -> list[ShownLetter]:
    return choices(snapshot, form.draft(unfinished=True), now=clock.now())


def _worded(snapshot: Snapshot, form: WriteForm) -> list[Worded]:
    if form.has_unsafe_text:
        return []
    try:
        return preview(snapshot, form.draft(unfinished=True), now=clock.now())
    except Refused:  # the letter needs a field that is still empty: there is nothing to show before that
        return []


def _render(
    snapshot: Snapshot, page: CampaignPage, form: WriteForm, status: int = 200
) -> ResponseReturnValue:
    html = render_template(
        "public/letters/write.html",
        campaign=page,
        audience=[office for office in snapshot.offices if office.addressable],
        form=form,
        prompts=page.prompts,
        most_words=own_words_asked(snapshot.campaign, {one.key for one in snapshot.campaign.templates}),
        attachments=attachments_of(snapshot.campaign, form.language.data),
        consent_text=page.consent_text,
        updates_text=page.updates_text,
        **_previewed(snapshot, form),
        letters=_choices(snapshot, form),
        representatives=_representatives(snapshot, form),
    )
    return html, status
