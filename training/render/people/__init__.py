"""Who is drawn: made-up people and avatars, what they wear and hold, how they stand."""
