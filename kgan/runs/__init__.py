"""A run while it goes on: its folder, its checkpoints, its steps, the devices that it has."""
