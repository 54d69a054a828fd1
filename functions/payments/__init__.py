"""Buying credits: packs, checkout, and what Stripe tells of payments."""
