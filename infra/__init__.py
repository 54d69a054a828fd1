"""What runs and deploys the functions: the local machine, the operator's command, templates."""
