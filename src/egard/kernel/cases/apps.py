from django.apps import AppConfig


class CasesConfig(AppConfig):
    name = "egard.kernel.cases"
