"""Games of several generators."""
