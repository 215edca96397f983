"""The constructor's signature is the configuration: nothing describes the options twice."""

import inspect

import keras


class Configurable:
    """Derives `get_config` and `from_config` from the signature of the constructor.

    The rule that subclasses keep: every constructor argument becomes an attribute of the same name.
    Subclasses are registered with Keras under `<package>><class name>`, so that an object inside
    another one's configuration comes back whatever it is.

    Example:
        >>> class Scale(Configurable):
        ...     def __init__(self, factor=2.0):
        ...         self.factor = factor
        >>> Scale.from_config(Scale(3.0).get_config()).factor
        3.0
    """

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        keras.saving.register_keras_serializable(package=cls.__module__.partition(".")[0])(cls)

    def get_config(self):
        return {name: plain(getattr(self, name)) for name in arguments(type(self))}

    @classmethod
    def from_config(cls, config):
        return cls(**{name: keras.saving.deserialize_keras_object(value) for name, value in config.items()})


def arguments(cls):
    """The constructor's named arguments, in order: {name: inspect.Parameter}.

    Those of a constructor that hands on `**options` go on with its base's, as far as that is `Configurable` too.
    """
    found: dict[str, inspect.Parameter] = {}
    for owner in cls.__mro__:
        if owner is not cls and ("__init__" not in vars(owner) or not issubclass(owner, Configurable)):
            continue
        parameters = list(inspect.signature(owner.__init__).parameters.values())[1:]
        variadic = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
        found = {p.name: p for p in parameters if p.kind not in variadic and p.name not in found} | found
        if not any(p.kind is inspect.Parameter.VAR_KEYWORD for p in parameters):
            break
    return found


def plain(value):
    """`value` as plain containers and numbers; objects become what Keras serialises them to."""
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if hasattr(value, "get_config"):
        return keras.saving.serialize_keras_object(value)
    return value
