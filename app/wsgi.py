"""The application that a WSGI server loads: `app.wsgi:application`."""

from app import create_app
from app.settings import Settings

application = create_app(Settings.from_environ())
