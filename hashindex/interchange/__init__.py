"""The files in which entries travel: Parquet of whole entries, and lists of bare hashes."""
