from django.apps import AppConfig


class ApiConfig(AppConfig):
    name = "egard.api"
    label = "api"

    def ready(self) -> None:
        """anymail tells of what its webhooks verified by signals; there is no other way to hear it."""
        from anymail.signals import inbound, tracking

        from egard.api import intakes

        inbound.connect(intakes.on_inbound, dispatch_uid="egard.inbound")
        tracking.connect(intakes.on_tracking, dispatch_uid="egard.tracking")
