"""Small picture files, and the bits that they must give for ever."""
