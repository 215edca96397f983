"""The constructor's signature is the configuration: nothing describes the options twice."""

import difflib
import functools
import inspect
import typing

import keras

from kgan import ranges

VARIADIC = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


class Configurable:
    """Derives `get_config` and `from_config` from the signature of the constructor.

    The rule that subclasses keep: every constructor argument becomes an attribute of the same name. A constructor names
    what it adds or changes, and hands the rest on as `**options`: its signature is then its own arguments and those of
    its base, less what the class `fixes`. A `kgan.ranges.Range` in an annotation is checked at once.

    Subclasses are registered with Keras under `<package>><class name>`, so that an object inside another one's
    configuration comes back whatever it is.

    Attributes:
        fixes: names of the base's arguments that the class gives itself, so that nobody else can.

    Raises:
        TypeError: a constructor is given an argument that it has not.
        ValueError: a number is outside its range; or, where a class is defined, another module has registered one of
            the same name.

    Example:
        >>> class Scale(Configurable):
        ...     def __init__(self, factor: ranges.Positive = 2.0, shift: float = 0.0):
        ...         self.factor, self.shift = factor, shift
        >>> class Half(Scale):
        ...     fixes = {"factor"}
        ...
        ...     def __init__(self, name: str = "half", **options):
        ...         super().__init__(factor=0.5, **options)
        ...         self.name = name
        >>> Scale.from_config(Scale(3.0).get_config()).factor
        3.0
        >>> print(inspect.signature(Half))
        (name: str = 'half', *, shift: float = 0.0)
        >>> Scale(factor=-1.0)
        Traceback (most recent call last):
        ValueError: factor must be above 0; got -1.0.
    """

    fixes: typing.ClassVar[set[str]] = set()

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        _register(cls)
        if "__init__" in vars(cls):
            cls.__init__ = _checked(cls.__init__)
        parameters = _merged(cls)
        cls.__signature__ = inspect.Signature(list(parameters.values()))
        if "__init__" in vars(cls):
            this = inspect.Parameter("self", inspect.Parameter.POSITIONAL_ONLY)
            cls.__init__.__signature__ = inspect.Signature([this, *parameters.values()])

    @classmethod
    def migrated(cls, options):
        """The arguments `options`, where an earlier version of kgan wrote them otherwise, as they are written now."""
        return options

    @classmethod
    def called_otherwise(cls, name):
        """What to say of an argument that other libraries have under this name; None by default."""

    def get_config(self):
        return {name: plain(getattr(self, name)) for name in arguments(type(self))}

    @classmethod
    def from_config(cls, config):
        return cls(**{name: keras.saving.deserialize_keras_object(value) for name, value in config.items()})


def arguments(cls):
    """The constructor's named arguments, in order: {name: inspect.Parameter}, with their annotations resolved.

    Those of a `Configurable` whose constructor hands on `**options` go on with its base's, less what it fixes.
    """
    return {name: parameter for name, parameter in _merged(cls).items() if parameter.kind not in VARIADIC}


@functools.cache
def _merged(cls):
    """The parameters of `cls`; what comes from a base is keyword-only, and a rest that no base names stays variadic."""
    found: dict[str, inspect.Parameter] = {}
    fixed: set[str] = set()
    rest = None
    for owner in cls.__mro__:
        fixed |= set(vars(owner).get("fixes", ()))
        if "__init__" not in vars(owner) or (rest and not issubclass(owner, Configurable)):
            continue
        init = inspect.unwrap(vars(owner)["__init__"])
        hints = _hints(init)
        parameters = list(inspect.signature(init).parameters.values())[1:]
        for parameter in parameters:
            if parameter.kind not in VARIADIC and parameter.name not in found and parameter.name not in fixed:
                kind = inspect.Parameter.KEYWORD_ONLY if rest else parameter.kind
                annotation = hints.get(parameter.name, parameter.annotation)
                found[parameter.name] = parameter.replace(annotation=annotation, kind=kind)
        rest = next((parameter for parameter in parameters if parameter.kind is inspect.Parameter.VAR_KEYWORD), None)
        if rest is None:
            break
    return found if rest is None else found | {rest.name: rest}


def _hints(init):
    try:
        return typing.get_type_hints(init, include_extras=True)
    except (NameError, TypeError):  # an annotation names a class that is imported for type checkers only
        return {}


def _checked(init):
    """The constructor `init` behind a check of all that it is given, also of what it hands on."""

    @functools.wraps(init)
    def __init__(self, *given, **options):
        if type(self).__init__ is __init__:
            options = type(self).migrated(options)
            known = _merged(type(self))
            for name in options:
                if name not in known and not any(parameter.kind in VARIADIC for parameter in known.values()):
                    raise TypeError(_unknown(type(self), name, known))
            values = dict(zip(known, given, strict=False)) | options
            ranges.check(known, values)
            _check_kinds(known, values)
        init(self, *given, **options)

    return __init__


def _check_kinds(parameters, values):
    """Refuses what is no value of kgan where an annotation wants one, or several as tuple[Regularizer, ...].

    Raises:
        ValueError: one line.
    """
    for name, value in values.items():
        hint = parameters[name].annotation if name in parameters else None
        several = typing.get_origin(hint) is tuple
        options = typing.get_args(hint) or (hint,)
        wanted = [option for option in options if _is_value(option)]
        if not wanted or not all(_is_value(option) or option in (type(None), Ellipsis) for option in options):
            continue
        if value is None and type(None) in options:
            continue
        given = value if several and isinstance(value, list | tuple) else [value]
        if (several and not isinstance(value, list | tuple)) or not all(isinstance(g, tuple(wanted)) for g in given):
            cls = wanted[0]
            room = ".".join([part for part in cls.__module__.split(".") if part != "tricks"][:2])  # its public name
            package = cls.__module__.partition(".")[0]
            own = [one.__name__ for one in cls.__subclasses__() if one.__module__.partition(".")[0] == package]
            example = min(own, default=cls.__name__)
            what = "a list of values" if several else "a value"
            none = " or None" if type(None) in options else ""
            raise ValueError(f"{name} must be {what} of {room}, such as {example}{none}; got {value!r}.")


def _is_value(hint):
    return isinstance(hint, type) and issubclass(hint, Configurable) and not issubclass(hint, keras.Model)


def _unknown(cls, name, known):
    said = cls.called_otherwise(name)
    if said:
        return said
    near = difflib.get_close_matches(name, known, n=1)
    if any(name in vars(owner).get("fixes", ()) for owner in cls.__mro__):
        return f"{cls.__name__} fixes {name} itself; leave it out."
    takes = f"did you mean {near[0]!r}?" if near else f"it takes {', '.join(known) or 'none'}."
    return f"{cls.__name__} has no argument {name!r}; {takes}"


def _register(cls):
    package = cls.__module__.partition(".")[0]
    holder = keras.saving.get_registered_object(f"{package}>{cls.__name__}")
    # Until kgan's classes are imported, Keras' registry has placeholders for them (kgan/known_to_keras.py).
    real = isinstance(holder, type) and issubclass(holder, Configurable)
    if real and holder.__module__ != cls.__module__:
        raise ValueError(
            f"{cls.__module__} and {holder.__module__} both have a class {cls.__name__}, which files would confuse: "
            f"give one of them another name."
        )
    keras.saving.register_keras_serializable(package=package)(cls)


def plain(value):
    """`value` as plain containers and numbers; objects become what Keras serialises them to."""
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if hasattr(value, "get_config"):
        return keras.saving.serialize_keras_object(value)
    return value
