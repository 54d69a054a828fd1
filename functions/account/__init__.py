"""Signing in, accounts, keys, statements, health, and what answers everything else."""
