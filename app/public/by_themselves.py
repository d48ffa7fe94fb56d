"""Letters that supporters print or mail themselves: handed out in the answer, and stored nowhere."""

from __future__ import annotations

from io import BytesIO

from flask import make_response, redirect, render_template, request, send_file, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app import clock
from app.campaigns.reading import CampaignPage
from app.errors import Refused, TooMany
from app.letters.own_copies import OwnCopy, find_copy, own_copies, own_paper
from app.letters.own_sending import count_own_sending
from app.letters.printing import admit_to_press
from app.letters.snapshot import Snapshot
from app.public.forms import WriteForm
from app.security.networks import network_of

MOST_ON_PAPER = 20


def by_themselves(
    snapshot: Snapshot, page: CampaignPage, form: WriteForm, intent: str
) -> ResponseReturnValue | None:
    """Answer with the letters of a form.

    Args:
        snapshot, page: the campaign.
        form: what was typed.
        intent: `print` for a PDF, `own_mail` for a page with all that a mail program needs.

    Returns:
        None where something must be put right first: the form says what.
    """
    if form.website.data:
        return redirect(url_for("public.campaign", slug=page.slug), 303)
    if not form.validate_unstored():
        return None
    try:
        if intent == "print":
            return _printed(snapshot, page, form)
        copies = own_copies(snapshot, form.draft(), now=clock.now())
    except Refused as error:
        form.complain(error)
        return None
    return _mailed(snapshot, page, form, copies)


def _printed(snapshot: Snapshot, page: CampaignPage, form: WriteForm) -> ResponseReturnValue:
    draft = form.draft()
    if len(draft.recipients) > MOST_ON_PAPER:
        # That would be work for a machine that asks for it, not for a person who has envelopes.
        sentence = _(
            "Please choose at most %(most)s offices to print letters to at once.", most=MOST_ON_PAPER
        )
        raise Refused(sentence, "recipients")
    admit_to_press(network_of(request.remote_addr), now=clock.now())
    content = own_paper(snapshot, draft, now=clock.now())
    answer = send_file(BytesIO(content), mimetype="application/pdf", download_name=f"{page.slug}.pdf")
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _mailed(
    snapshot: Snapshot, page: CampaignPage, form: WriteForm, copies: list[OwnCopy]
) -> ResponseReturnValue:
    counted = set(request.form.getlist("counted")) & {copy.slug for copy in copies}
    refusal: TooMany | None = None
    if sent := request.form.get("sent"):
        try:
            _count(snapshot, form, find_copy(copies, sent))
            counted.add(sent)
        except TooMany as limit:
            refusal = limit
    html = render_template(
        "public/letters/own_mail.html",
        campaign=page,
        copies=copies,
        counted=counted,
        typed=form.typed(),
        refusal=refusal.sentence if refusal else "",
    )
    answer = make_response(html, 429 if refusal else 200)
    answer.headers["Cache-Control"] = "no-store"
    if refusal:
        answer.headers["Retry-After"] = str(refusal.retry_after)
    return answer


def _count(snapshot: Snapshot, form: WriteForm, copy: OwnCopy) -> None:
    if copy.channel is None:
        return
    count_own_sending(
        snapshot.campaign.id,
        copy.recipient_id,
        copy.channel,
        key=form.draft().submission_key,
        network=network_of(request.remote_addr),
        now=clock.now(),
    )
