"""Cold start: settings -> adapters -> door. What Lambda's handler string names."""

import os
import time
from functools import partial

from payments.cashier import StripeCashier
from payments.handler import Handler
from payments.service import Service
from portrait import vault
from portrait.door import Door
from portrait.dynamo.identity import DynamoIdentities
from portrait.dynamo.payments import DynamoPayments
from portrait.dynamo.store import Store
from portrait.settings import Settings

settings = Settings.read(os.environ)
if settings.buying:
    settings.needed("stripe_secret")
site_url = settings.needed("site_url")
door = Door(settings, "payments")
store = Store.at(settings)
read_secrets = partial(vault.secret, settings.stripe_secret, settings.region, "STRIPE_SECRET")
cashier = StripeCashier(read_secrets, site_url, settings.stripe_url) if settings.stripe_secret else None
book = DynamoPayments(store, settings.needed("payments_table"))
members = DynamoIdentities(store, settings.needed("identity_table"))
service = Service(cashier, book, site_url, buying=settings.buying)
handler = door.traced(Handler(door, service, members, site_url, time.time))
