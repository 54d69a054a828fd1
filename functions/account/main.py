"""Cold start: settings -> adapters -> door. What Lambda's handler string names."""

import os
import time

from account.handler import Handler
from account.signing import Signing
from portrait import vault
from portrait.door import Door
from portrait.dynamo import DynamoLedger
from portrait.dynamo.holdings import DynamoHoldings
from portrait.dynamo.identity import DynamoIdentities
from portrait.dynamo.store import Store
from portrait.identity import Seal
from portrait.mail import mail_of
from portrait.settings import Settings

settings = Settings.read(os.environ)
door = Door(settings, "account")
store = Store.at(settings)
identity_table = settings.needed("identity_table")
seal = Seal(vault.secret(settings.identity_secret, settings.region, "IDENTITY_SECRET").encode())
origin_secret = vault.secret(settings.origin_secret, settings.region, "") if settings.origin_secret else ""
handler = door.traced(
    Handler(
        door,
        settings,
        ledger=DynamoLedger(store),
        holdings=DynamoHoldings(store, identity_table),
        signing=Signing(DynamoIdentities(store, identity_table), mail_of(settings), seal),
        origin_secret=origin_secret,
        clock=time.time,
    )
)
