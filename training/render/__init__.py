"""People who do not exist, dressed, posed and drawn: colour, soft alpha and exact inverse depth."""
