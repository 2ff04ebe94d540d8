"""What every adapter of a port must do, written once and bound to each of them."""
