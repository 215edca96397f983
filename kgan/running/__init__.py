"""From a recipe to a trained game."""
