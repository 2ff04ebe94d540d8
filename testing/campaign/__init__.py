"""What takes long: kills, locked files, broken pictures, many examples."""
