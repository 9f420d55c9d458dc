from django.apps import AppConfig


class LifecycleConfig(AppConfig):
    name = "egard.kernel.lifecycle"
    label = "lifecycle"
