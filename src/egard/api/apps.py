from django.apps import AppConfig


class ApiConfig(AppConfig):
    name = "egard.api"
    label = "api"
