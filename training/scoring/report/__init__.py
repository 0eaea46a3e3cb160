"""The report of scored photos: one HTML file that needs nothing else."""
