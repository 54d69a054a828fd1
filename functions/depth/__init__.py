"""POST a picture, receive its depth."""
