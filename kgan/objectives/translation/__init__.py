"""Games of two domains."""
