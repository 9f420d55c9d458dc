from django.apps import AppConfig


class AccessConfig(AppConfig):
    name = "egard.kernel.access"
    label = "access"
