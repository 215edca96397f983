"""Models of the data that infer latents, or need no opponent."""
