"""The command line: a thin shell over `hashindex.open_index`, one file per group of commands."""
