"""The Flask extensions, made once and bound to each application by `create_app`."""

from __future__ import annotations

from flask_alembic import Alembic
from flask_wtf import CSRFProtect

from app.database import Base

csrf = CSRFProtect()
alembic = Alembic(metadatas=Base.metadata, run_mkdir=False, command_name="")
