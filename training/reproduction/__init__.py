"""The paper's experiment: variants, seeds, figures over seeds, and the report that holds them."""
