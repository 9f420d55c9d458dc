from django.apps import AppConfig


class PeopleConfig(AppConfig):
    name = "egard.kernel.people"
    label = "people"
