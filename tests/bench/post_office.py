"""django-post-office doing the same queue: its settings, and a run of it. For `bench.delivery` only."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

SECRET_KEY = "only for a measurement"
INSTALLED_APPS = ["django.contrib.contenttypes", "django.contrib.auth", "post_office"]
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates"}]
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.AutoField"
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": str(Path(os.environ.get("BENCH_FOLDER", "."), "queue.sqlite")),
        "OPTIONS": {"timeout": 60, "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"},
    }
}
EMAIL_BACKEND = "post_office.EmailBackend"
EMAIL_HOST, EMAIL_PORT = "127.0.0.1", int(os.environ.get("BENCH_PORT", "25"))
POST_OFFICE = {
    "BACKENDS": {"default": "django.core.mail.backends.smtp.EmailBackend"},
    "BATCH_SIZE": 500,
    "THREADS_PER_PROCESS": 5,
}


def main() -> None:
    """Queue the mails, send them by two processes, and print the seconds of the sending."""
    import django
    from django.core.management import call_command

    django.setup()
    from post_office import mail
    from post_office.models import STATUS, Email

    call_command("migrate", verbosity=0)
    text = "A line of it.\n" * (int(os.environ["BENCH_LENGTH"]) // 14)
    many = int(os.environ["BENCH_LETTERS"])
    mail.send_many(
        [
            {
                "sender": "a@site.example",
                "recipients": ["b@offices.example"],
                "subject": f"Letter {number}",
                "message": text,
            }
            for number in range(many)
        ]
    )
    begin = time.perf_counter()
    call_command("send_queued_mail", processes=2, log_level=1, verbosity=0)
    seconds = time.perf_counter() - begin
    sent = Email.objects.filter(status=STATUS.sent).count()
    if sent != many:
        sys.exit(f"only {sent} of {many} were sent")
    print(seconds)


if __name__ == "__main__":
    main()
