"""What the hashes are worth on pictures of one's own: copies made from a seed, rules, figures, thresholds."""
