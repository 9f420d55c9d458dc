"""Run by django-helpdesk's own Python: makes its database ready, with one ticket that has 100 follow-ups."""

import json
import os

os.environ["DJANGO_SETTINGS_MODULE"] = "helpdesk_settings"
import django

django.setup()
from django.contrib.auth import get_user_model  # noqa: E402
from django.contrib.sessions.backends.db import SessionStore  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.utils import timezone  # noqa: E402
from helpdesk.models import FollowUp, Queue, Ticket  # noqa: E402

COUNT = 100

call_command("migrate", verbosity=0, interactive=False)
user = get_user_model().objects.create_superuser("staff", "staff@example.org", "a-warm-welcome")
queue = Queue.objects.create(title="Support", slug="support", email_address="support@example.org")
ticket = Ticket.objects.create(
    title="Damaged dish", queue=queue, submitter_email="c@example.org", status=1, description="It came broken. " * 5
)
for n in range(COUNT):
    FollowUp.objects.create(
        ticket=ticket,
        date=timezone.now(),
        title=f"Comment {n}",
        comment=f"She called, note {n}. " * 5,
        public=True,
        user=user,
    )
session = SessionStore()
session["_auth_user_id"] = str(user.pk)
session["_auth_user_backend"] = "django.contrib.auth.backends.ModelBackend"
session["_auth_user_hash"] = user.get_session_auth_hash()
session.save()
print(json.dumps({"ticket": ticket.pk, "session": session.session_key}))
