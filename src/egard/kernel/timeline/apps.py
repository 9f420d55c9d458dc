from django.apps import AppConfig


class TimelineConfig(AppConfig):
    name = "egard.kernel.timeline"
    label = "timeline"
