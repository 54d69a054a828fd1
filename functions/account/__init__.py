"""Health, balance, and what answers everything else."""
