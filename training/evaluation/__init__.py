"""Held-out people, small enough to be kept beside the code: `slice.zip`, and how it was made."""
