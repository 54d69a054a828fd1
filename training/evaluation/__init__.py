"""Held-out people, small enough to be kept beside the code: `slice.npz`, and how it was made."""
