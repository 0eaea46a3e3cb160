"""Teachers: who writes the reasoning text, and how it is asked for, paid once and kept."""
