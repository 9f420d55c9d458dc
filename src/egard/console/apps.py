from django.apps import AppConfig


class ConsoleConfig(AppConfig):
    name = "egard.console"
    label = "console"
