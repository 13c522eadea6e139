"""Calls functions by the type of the effect."""

from __future__ import annotations

from inspect import isawaitable, iscoroutinefunction
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar, overload

from talon_async.models.effects import EFFECT_PROPS, Effect, EffectProps, UnknownEffectProps

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable, Iterator

    from typing_extensions import TypeVar as TypeVarWithDefault  # checkers bring it along

    R = TypeVarWithDefault("R", default=Any)
else:
    R = TypeVar("R")

P = TypeVar("P")
S = TypeVar("S")
P1 = TypeVar("P1", bound=EffectProps)
P2 = TypeVar("P2", bound=EffectProps)
P3 = TypeVar("P3", bound=EffectProps)


class Registration(Protocol[P, S]):
    """Takes a handler, plain or a coroutine function, and returns it unchanged."""

    @overload
    def __call__(
        self, handler: Callable[[Effect, P], Coroutine[Any, Any, S]], /
    ) -> Callable[[Effect, P], Coroutine[Any, Any, S]]: ...
    @overload
    def __call__(self, handler: Callable[[Effect, P], S], /) -> Callable[[Effect, P], S]: ...


class EffectHandlers(Generic[R]):
    """Calls a function for each effect, by the class of its props. Other effects go to the default, if there is one.

        handlers = EffectHandlers()

        @handlers.on(SetDiscountEffectProps)
        def discount(effect: Effect, props: SetDiscountEffectProps) -> None: ...

        handlers.apply(state.effects)

    With `EffectHandlers[str]()` type checkers require that handlers return `str`. Effect types that this release does
    not know have `UnknownEffectProps`. They are ignored unless there is a handler for that class, or a default.
    """

    def __init__(self) -> None:
        self._handlers: dict[type[Any] | None, Callable[[Effect, Any], Any]] = {}

    @overload
    def on(self, first: type[P1], /) -> Registration[P1, R]: ...
    @overload
    def on(self, first: type[P1], second: type[P2], /) -> Registration[P1 | P2, R]: ...
    @overload
    def on(self, first: type[P1], second: type[P2], third: type[P3], /) -> Registration[P1 | P2 | P3, R]: ...
    def on(self, *classes: type[Any]) -> Any:
        """Register a function for up to three classes of props; use it as a decorator, or call `on(...)(function)`.

        Raises:
            TypeError: there is no class, or a class that is not one of effect props.
            ValueError: a class already has a handler. Nothing was registered.
        """
        props_classes = {*EFFECT_PROPS.values(), UnknownEffectProps}
        if not classes or any(cls not in props_classes for cls in classes):
            raise TypeError("on() takes classes of effect props, such as SetDiscountEffectProps")

        def register(handler: Callable[[Effect, Any], Any]) -> Callable[[Effect, Any], Any]:
            for cls in classes:
                self._refuse_second(cls, handler)
            self._handlers |= dict.fromkeys(classes, handler)
            return handler

        return register

    @property
    def default(self) -> Registration[EffectProps, R]:
        """Register, as a decorator, the function for all effects without a handler.

        Raises:
            ValueError: there is a default already.
        """

        def register(handler: Callable[[Effect, Any], Any]) -> Any:
            self._refuse_second(None, handler)
            self._handlers[None] = handler
            return handler

        return register

    def apply(self, effects: Iterable[Effect]) -> list[R]:
        """Call the handlers in the order of the effects, and return their results in the same order.

        An exception in a handler is raised unchanged. The effects after it are not handled.

        Raises:
            TypeError: a handler is a coroutine function: use `apply_async`. No handler was called.
        """
        calls = list(self._calls(effects))
        for handler, _ in calls:
            if iscoroutinefunction(handler) or iscoroutinefunction(type(handler).__call__):
                raise TypeError(f"{_name(handler)} is a coroutine function: await apply_async(effects) instead")
        return [handler(effect, effect.props) for handler, effect in calls]

    async def apply_async(self, effects: Iterable[Effect]) -> list[R]:
        """Call the handlers as `apply` does, one after the other, and await results that can be awaited."""
        results: list[R] = []
        for handler, effect in self._calls(effects):
            result = handler(effect, effect.props)
            results.append(await result if isawaitable(result) else result)
        return results

    def _calls(self, effects: Iterable[Effect]) -> Iterator[tuple[Callable[[Effect, Any], Any], Effect]]:
        default = self._handlers.get(None)
        for effect in effects:
            handler = self._handlers.get(type(effect.props), default)
            if handler is not None:
                yield handler, effect

    def _refuse_second(self, cls: type[Any] | None, handler: Callable[[Effect, Any], Any]) -> None:
        if cls in self._handlers:
            what = "the default" if cls is None else cls.__name__
            raise ValueError(f"{_name(self._handlers[cls])} handles {what} already: {_name(handler)} cannot")


def _name(handler: Callable[..., Any]) -> str:
    return getattr(handler, "__qualname__", None) or repr(handler)
