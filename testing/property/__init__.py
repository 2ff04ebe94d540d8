"""What holds for whatever Hypothesis thinks of."""
