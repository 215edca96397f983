"""What is done with a trained game: a module for each command."""
