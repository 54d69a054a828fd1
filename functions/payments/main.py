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
door = Door(settings, "payments")
store = Store.at(settings)
read_secrets = partial(vault.secret, settings.stripe_secret, settings.region, "STRIPE_SECRET")
cashier = StripeCashier(read_secrets, settings.site_url, settings.stripe_url) if settings.stripe_secret else None
service = Service(cashier, DynamoPayments(store, settings.payments_table), settings.site_url, buying=settings.buying)
members = DynamoIdentities(store, settings.identity_table)
handler = door.traced(Handler(door, service, members, settings.site_url, time.time))
