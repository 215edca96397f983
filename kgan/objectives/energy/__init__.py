"""Discriminators that are autoencoders, and score by energies."""
