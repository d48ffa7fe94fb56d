"""People, measures and rules about wording, at the evidence desk."""

from __future__ import annotations

import uuid

from flask import flash, make_response, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext
from flask_wtf import FlaskForm

from app import clock
from app.admin.acting import me
from app.admin.evidence import EDIT, VIEW, bp, shared
from app.admin.evidence_forms import MEASURE_STATUSES, PERSON_STATUSES, MeasureForm, StatusForm
from app.admin.fields import accepted
from app.evidence import editing
from app.evidence.models import Measure, Person
from app.evidence.standing import may_be_asked
from app.i18n import page_language
from app.letters import retracting
from app.security.guard import audience


@bp.get("/people")
@audience(VIEW)
def people() -> str:
    """List the case files."""
    return render_template(
        "admin/evidence/people.html",
        people=editing.people(),
        statuses=PERSON_STATUSES,
        form=FlaskForm(),
        **shared(),
    )


@bp.get("/people/<uuid:person_id>")
@audience(EDIT)
def ask_status(person_id: uuid.UUID) -> str:
    """Ask what became of somebody, and say how many letters ask for them."""
    return _status_page(StatusForm(), person_id)


@bp.post("/people/<uuid:person_id>")
@audience(EDIT)
def record_status(person_id: uuid.UUID) -> ResponseReturnValue:
    """Record what became of somebody."""
    form, held = StatusForm(), [0]

    def act() -> None:
        held[0] = retracting.record_status(
            person_id,
            form.status.data,
            day=form.since,
            said={page_language(): form.said.data},
            source={"label": form.source.data, "url": form.url.data},
            confidence=form.confidence.data,
            actor=me(),
            now=clock.now(),
        )

    if form.validate_on_submit() and accepted(form, act):
        flash(_("Recorded."), "success")
        if held[0]:
            flash(ngettext("%(num)s letter is held.", "%(num)s letters are held.", held[0]), "info")
            return redirect(url_for("admin_held.index"), 303)
        return redirect(url_for("admin_evidence.people"), 303)
    return make_response(_status_page(form, person_id), 422)


@bp.post("/people/<uuid:person_id>/name")
@audience(EDIT)
def agree(person_id: uuid.UUID) -> ResponseReturnValue:
    """Record that family or counsel agreed to the name being shown, or took it back."""
    editing.agree_to_name(person_id, actor=me(), now=clock.now())
    flash(_("Recorded."), "success")
    return redirect(url_for("admin_evidence.people"), 303)


@bp.get("/measures")
@audience(VIEW)
def measures() -> str:
    """List the measures, with whether a letter can ask for them."""
    return render_template(
        "admin/evidence/measures.html",
        measures=editing.measures(),
        statuses=MEASURE_STATUSES,
        may_be_asked=may_be_asked,
        **shared(),
    )


@bp.get("/measures/<uuid:measure_id>")
@audience(EDIT)
def ask_measure(measure_id: uuid.UUID) -> str:
    """Ask what was found about a measure."""
    measure = editing.find(Measure, measure_id)
    return _measure_page(MeasureForm.of(measure), measure)


@bp.post("/measures/<uuid:measure_id>")
@audience(EDIT)
def look_up(measure_id: uuid.UUID) -> ResponseReturnValue:
    """Record what was found about a measure."""
    form = MeasureForm()
    if form.validate_on_submit() and accepted(
        form, lambda: editing.look_up_measure(measure_id, form.draft(), actor=me(), now=clock.now())
    ):
        flash(_("Saved."), "success")
        return redirect(url_for("admin_evidence.measures"), 303)
    return make_response(_measure_page(form, editing.find(Measure, measure_id)), 422)


@bp.get("/rules")
@audience(VIEW)
def rules() -> str:
    """Show the rules about wording."""
    return render_template("admin/evidence/rules.html", rules=editing.rules(), **shared())


def _status_page(form: StatusForm, person_id: uuid.UUID) -> str:
    person = editing.find(Person, person_id)
    return render_template(
        "admin/evidence/person.html",
        form=form,
        person=person,
        waiting=retracting.waiting_that_state(f"person.{person.key}"),
        **shared(),
    )


def _measure_page(form: MeasureForm, measure: Measure) -> str:
    return render_template("admin/evidence/measure.html", form=form, measure=measure, **shared())
