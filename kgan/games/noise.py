"""Which numbers the noise layers in a game's networks draw."""

import collections

from kgan.layers.noise import noise_layers


class Calls:
    """Counts the calls of noise layers, and names what each draws: the purpose of its numbers.

    The names are made while a step is traced, and are the same in every trace: the layer's place, the attribute of its
    network and its number among the noise layers there, and how often it was called before. (Keras' own names of layers
    depend on what else a process has made.)

    Args:
        networks: {attribute: network} of the game.
    """

    def __init__(self, networks):
        self.networks = networks
        self._calls = collections.Counter()

    def purpose(self, layer, update=0):
        """What the layer's next call in this update of the step is called.

        Raises:
            ValueError: the layer is in none of the networks.
        """
        place = self._place(layer)
        self._calls[place, update] += 1
        return f"noise {place} {self._calls[place, update]}"

    def _place(self, layer):
        for name, network in self.networks.items():
            for number, other in enumerate(noise_layers(network)):
                if other is layer:
                    return f"{name} {number}"
        raise ValueError(
            f"The noise layer {layer.name!r} is called in a step, but is in none of the game's networks "
            f"({', '.join(self.networks)}), so that its numbers have no place: make it a part of one of them."
        )
