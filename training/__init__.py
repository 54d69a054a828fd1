"""How the depth network is made: people rendered, photographs composed, weights tuned, stored small, measured."""
