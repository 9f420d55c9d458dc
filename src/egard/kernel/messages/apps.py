from django.apps import AppConfig


class MessagesConfig(AppConfig):
    name = "egard.kernel.messages"
    label = "messages_out"
    """Not `messages`: that is the label of Django's own notices."""
