"""Which input of a network takes what: resolved once, by names."""

import keras

# Input names that people use, by role.
NAMES = {
    "images": ("images", "image", "x", "img", "data"),
    "latents": ("latents", "latent", "z", "noise", "codes"),
    "labels": ("labels", "label", "y", "classes", "conditions"),
    "index": ("index", "generator_index"),
    "times": ("times", "time", "t"),
}


FLOATS = ("images", "latents")


class Roles:
    """The inputs of one network by what they take, such as images and labels.

    The only input takes the only role. Else an input takes what its name says, exactly or in one of the usual words;
    the only input that is left takes the first of the roles that are left. Inputs whose names say nothing, of a network
    with as many inputs as there are roles, are in the order of the roles. (Keras renames unnamed inputs when it copies
    or loads a network, and sorts those of a dictionary, so nothing but this is ever looked up by a name.)

    Args:
        player: what to call the network.
        network: functional or sequential Keras model.
        roles: what it can be given, the first of which it must take.

    Raises:
        ValueError: an input is for something that the game does not give, or it is not clear for what.

    Example:
        >>> z, y = keras.Input([2], name="z"), keras.Input([], dtype="int32", name="labels")
        >>> both = keras.layers.Concatenate()([z, keras.layers.Embedding(4, 2)(y)])
        >>> roles = Roles("generator", keras.Model({"labels": y, "z": z}, both), ("latents", "labels"))
        >>> sorted(roles.inputs(latents=0, labels=1).items()), roles.has("labels")
        ([('labels', 1), ('z', 0)], True)
        >>> Roles("critic", keras.Model([keras.Input([3], name="x"), z], z), ("images", "labels"))
        Traceback (most recent call last):
        ValueError: The critic's input 'z' is for latents, and it is given images and labels alone.
    """

    def __init__(self, player, network, roles):
        self.player, self.roles = player, roles
        structure = getattr(network, "_inputs_struct", None)
        keys = sorted(structure) if isinstance(structure, dict) else None
        self._keys = keys
        self._alone = not isinstance(structure, dict | list | tuple)
        names = keys or [tensor.name for tensor in network.inputs]
        self._at = self._resolved(names)
        self._tensors = {role: network.inputs[index] for role, index in self._at.items()}
        for role in FLOATS:
            tensor = self._tensors.get(role)
            if tensor is not None and "int" in keras.backend.standardize_dtype(tensor.dtype):
                raise ValueError(f"The {player}'s input for {role} takes integers, which would cut off what is given.")

    def _resolved(self, names):
        """{role: index of the input}."""
        if len(names) == 1 and len(self.roles) == 1:
            return {self.roles[0]: 0}
        found: dict[str, int] = {}
        unknown = []
        for index, name in enumerate(names):
            # The only input of a network may have any name: a generator's latents are sometimes called x.
            role = next(
                (r for r, words in NAMES.items() if name == r or (len(names) > 1 and name.lower() in words)), None
            )
            if role is None and name in self.roles:
                role = name
            if role is None:
                unknown.append(index)
            elif role not in self.roles:
                given = " and ".join(self.roles)
                raise ValueError(f"The {self.player}'s input {name!r} is for {role}, and it is given {given} alone.")
            elif role in found:
                raise ValueError(
                    f"Two inputs of the {self.player} are for {role}: {names[found[role]]!r} and {name!r}."
                )
            else:
                found[role] = index
        left = [role for role in self.roles if role not in found]
        if len(unknown) == 1 and left:
            found[left[0]] = unknown[0]
        elif unknown and len(unknown) == len(left) and self._keys is None:
            found |= dict(zip(left, unknown, strict=True))
        elif unknown:
            raise ValueError(
                f"The {self.player} has the inputs {', '.join(map(repr, names))}, and it is given "
                f"{' and '.join(self.roles)}: name each, as keras.Input(shape, name={self.roles[-1]!r})."
            )
        if self.roles[0] not in found:
            raise ValueError(
                f"The {self.player} has no input for {self.roles[0]}; it has {', '.join(map(repr, names))}."
            )
        return found

    def has(self, role):
        """Whether the network takes this."""
        return role in self._at

    def only(self, *roles):
        """Whether the network takes nothing but some of these."""
        return set(self._at) <= set(roles)

    def tensor(self, role):
        """The symbolic input for `role`; None if there is none."""
        return self._tensors.get(role)

    def inputs(self, **given):
        """What the network is called with, in its own structure; what it does not take is left out.

        Raises:
            ValueError: it takes labels, and there are none.
        """
        if self.has("labels") and given.get("labels") is None:
            raise ValueError(f"This {self.player} takes labels; fit it on (images, labels).")
        if self._alone:
            return given[self.roles[0]]
        ordered = {index: given[role] for role, index in self._at.items()}
        if self._keys is not None:
            return {self._keys[index]: value for index, value in ordered.items()}
        return [ordered[index] for index in range(len(ordered))]
