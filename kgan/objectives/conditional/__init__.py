"""Discriminators that also say what an example is."""
