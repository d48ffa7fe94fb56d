"""The floor: what the same server, framework and database do when the application does nothing.

`/page` renders a static Jinja page of the campaign page's size; `/row` stores one durable row by the
ORM, through the same `transaction()`.
"""

from __future__ import annotations

import os
from pathlib import Path

import sqlalchemy as sa
from flask import Flask, render_template, request
from jinja2 import DictLoader
from sqlalchemy.orm import Mapped, mapped_column

from app.database import Base, db, init_database, transaction


class FloorRow(Base):
    """One row of four columns."""

    __tablename__ = "bench_rows"

    name: Mapped[str] = mapped_column(sa.String(120))
    email: Mapped[str] = mapped_column(sa.String(254))
    message: Mapped[str] = mapped_column(sa.Text)


def prepare(database_url: str) -> None:
    """Create the floor's one table, before its processes start."""
    application = Flask("floor")
    init_database(application, database_url)
    with application.app_context():
        FloorRow.metadata.create_all(db.engine, tables=[FloorRow.__table__])  # type: ignore[list-item]
        db.engine.dispose()


def make() -> Flask:
    """Return the floor's application; BENCH_DATABASE_URL and BENCH_PAGE say where its data are."""
    application = Flask("floor")
    init_database(application, os.environ["BENCH_DATABASE_URL"])
    # The campaign page as it was sent, as a template without any tag: all the work is Jinja's and Flask's.
    page = "{% raw %}" + Path(os.environ["BENCH_PAGE"]).read_text(encoding="utf-8") + "{% endraw %}"
    application.jinja_loader = DictLoader({"page.html": page})  # type: ignore[assignment]

    @application.get("/page")
    def page_view() -> str:
        return render_template("page.html")

    @application.post("/row")
    def row_view() -> str:
        with transaction() as session:
            session.add(
                FloorRow(
                    name=request.form["name"],
                    email=request.form["email"],
                    message=request.form["personal_message"],
                )
            )
        return "stored"

    return application


application = make() if "BENCH_PAGE" in os.environ else None
