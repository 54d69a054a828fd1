"""Cold start: settings -> adapters -> door. What Lambda's handler string names."""

import os
import time

from portrait.door import Door
from portrait.dynamo import DynamoLedger
from portrait.settings import Settings

from account.handler import Handler

settings = Settings.read(os.environ)
handler = Handler(Door(settings, "account"), DynamoLedger(settings), settings, time.time)
