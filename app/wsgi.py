"""The application that a WSGI server loads: `app.wsgi:application`."""

import gc

from app import create_app
from app.settings import Settings

application = create_app(Settings.from_environ())

# What was made so far stays for good: to look through it for cycles would stop visitors for a tenth of a
# second now and then.
gc.collect()
gc.freeze()
