"""Recipes: YAML to objects and back."""

from kgan.recipe.recipe import Recipe, RecipeError, dataset, difference, find_class, load, read, spelled

__all__ = ["Recipe", "RecipeError", "dataset", "difference", "find_class", "load", "read", "spelled"]
