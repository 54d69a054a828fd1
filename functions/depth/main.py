"""Cold start: settings -> adapters -> door. What Lambda's handler string names."""

import os

from depth.estimation import Networks
from depth.handler import Handler
from depth.service import Service
from portrait.door import Door
from portrait.dynamo import DynamoLedger
from portrait.settings import Settings

settings = Settings.read(os.environ)
door = Door(settings, "depth")
service = Service(DynamoLedger(settings), Networks(settings.models_dir), settings.answer_bytes)
handler = door.traced(Handler(door, service))
