"""Teachers: the models that write reasoning text, and how they are asked, each answer once."""
