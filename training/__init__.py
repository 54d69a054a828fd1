"""How the depth network is made: people are rendered, photographs composed, weights tuned, stored small and measured."""
