from django.apps import AppConfig


class PortalConfig(AppConfig):
    name = "egard.portal"
    label = "portal"
