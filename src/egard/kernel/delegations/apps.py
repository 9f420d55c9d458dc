from django.apps import AppConfig


class DelegationsConfig(AppConfig):
    name = "egard.kernel.delegations"
