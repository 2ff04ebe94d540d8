"""Where pictures come from: one port, an adapter a file."""
