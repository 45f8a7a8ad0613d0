"""A graph's passes, or figures, as a film: one piece of HTML that needs nothing else."""
