"""Where hashes live: one port, an adapter a file."""
