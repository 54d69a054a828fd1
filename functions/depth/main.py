"""Cold start: settings -> adapters -> door. What Lambda's handler string names."""

import os

from portrait.door import Door
from portrait.dynamo import DynamoLedger
from portrait.settings import Settings

from depth.handler import Handler
from depth.network import Networks
from depth.service import Service

settings = Settings.read(os.environ)
door = Door(settings, "depth")
service = Service(DynamoLedger(settings), Networks(settings.models_dir), settings.answer_bytes)
handler = door.traced(Handler(door, service))
