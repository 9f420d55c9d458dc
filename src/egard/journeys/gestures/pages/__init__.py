"""The pages of gestures: the drawer, the list and the queue, budgets, the counter, the catalogue, a wallet."""

from __future__ import annotations

from django.urls import path

from egard.journeys.gestures.audits import pages as audits
from egard.journeys.gestures.outcomes import pages as outcomes
from egard.journeys.gestures.pages import counter, drawer, house, lists, wallet

app_name = "gestures"
urlpatterns = [
    path("gestures/", lists.listed, name="list"),
    path("gestures/figures/", house.figures_page, name="figures"),
    path("gestures/budgets/", house.budgets_page, name="budgets"),
    path("gestures/catalogue/", house.catalogue_page, name="catalogue"),
    path("gestures/for/<uuid:uuid>/", drawer.drawer, name="drawer"),
    path("gestures/case/<uuid:uuid>/", drawer.case_panel, name="case_panel"),
    path("gestures/<uuid:uuid>/", lists.one, name="one"),
    path("gestures/<uuid:uuid>/approval/", lists.approval, name="approval"),
    path("gestures/<uuid:uuid>/refusal/", lists.refusal, name="refusal"),
    path("gestures/<uuid:uuid>/reversal/", lists.reversal, name="reversal"),
    path("gestures/<uuid:uuid>/code/", lists.code, name="code"),
    path("gestures/<uuid:uuid>/revocation/", lists.revocation, name="revocation"),
    path("counter/", counter.counter, name="counter"),
    path("counter/undoing/", counter.undoing, name="undoing"),
    path("me/wallet/", wallet.mine, name="wallet"),
    *audits.urlpatterns,
    *outcomes.urlpatterns,
]
