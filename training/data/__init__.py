"""From rendered people to photographs for training: sources, composition, batches."""
