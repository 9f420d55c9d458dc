"""The portal's addresses: a person's own below /me/, what anybody may see below /p/."""

from __future__ import annotations

from django.urls import path

from egard.portal import data, entrance, life, live, public, talk

app_name = "portal"

urlpatterns = [
    path("p/promises", public.promises, name="promises"),
    path("p/unsubscribe/<str:token>", public.unsubscribe, name="unsubscribe"),
    path("me/", life.home, name="home"),
    path("me/sign-in/", entrance.sign_in, name="sign_in"),
    path("me/sign-in/code/", entrance.code, name="code"),
    path("me/sign-in/who/", entrance.who, name="who"),
    path("me/sign-out/", entrance.sign_out, name="sign_out"),
    path("me/data/", data.data, name="data"),
    path("me/data/name/", data.name, name="name"),
    path("me/data/address/", data.address, name="address"),
    path("me/data/phone/", data.phone, name="phone"),
    path("me/data/phone/removal/", data.phone_removal, name="phone_removal"),
    path("me/data/email/", data.email, name="email"),
    path("me/data/email/code/", data.email_code, name="email_code"),
    path("me/data/copy/", data.copy, name="copy"),
    path("me/data/erasure/", data.erasure, name="erasure"),
    path("me/erased/", data.erased, name="erased"),
    path("me/messages/", talk.messages, name="messages"),
    path("me/messages/write/", talk.write, name="message_write"),
    path("me/live/", live.stream, name="live"),
    path("me/messages/reception/", talk.reception, name="reception"),
    path("me/messages/<uuid:uuid>/reception/", talk.reception, name="conversation_reception"),
    path("me/messages/<uuid:uuid>/typing/", talk.typing, name="typing"),
    path("me/messages/files/<uuid:message>/<uuid:file>/", talk.file, name="message_file"),
    path("me/messages/<uuid:uuid>/", talk.conversation, name="conversation"),
    path("me/messages/<uuid:uuid>/write/", talk.write, name="conversation_write"),
    path("me/choices/", life.consents, name="consents"),
    path("me/choices/one/", life.consent, name="consent"),
    path("me/sights/", life.sights, name="sights"),
    path("me/devices/", life.devices, name="devices"),
    path("me/devices/others/", life.devices_end, name="devices_end"),
    path("me/devices/<uuid:uuid>/", life.device_end, name="device_end"),
    path("me/preferences/", life.preferences, name="preferences"),
]
