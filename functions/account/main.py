"""Cold start: settings -> adapters -> door. What Lambda's handler string names."""

import os
import time

from account.handler import Handler
from portrait.door import Door
from portrait.dynamo import DynamoLedger
from portrait.settings import Settings

settings = Settings.read(os.environ)
door = Door(settings, "account")
handler = door.traced(Handler(door, DynamoLedger(settings), settings, time.time))
