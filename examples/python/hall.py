"""Halls as a Python program wants them: plain values go in and come out, and a refusal is an exception.

The component's functions are found by name, take records and variants, and answer with results. `Kernel.call` turns
one of them into a Python call, and what main.py needs has a method; copy this file and add what you need.
"""

import secrets

from crossing import encode, lift, lower, now, record, unix_ms
from wasmtime import Store, WasmtimeError
from wasmtime.component import Linker, Record, Variant


class HallError(Exception):
    """A refusal: nothing has changed. `code` is for programs, `detail` for people."""

    def __init__(self, error):
        super().__init__(f"{error.code}: {error.detail}")
        self.code, self.detail = error.code, error.detail


class Kernel:
    """One instance of the component, in a store of its own because a trap takes everything in a store along."""

    def __init__(self, engine, component):
        self.store = Store(engine)
        self._instance = Linker(engine).instantiate(self.store, component)
        self._functions = {}

    def call(self, interface, name, *arguments):
        if name not in self._functions:
            place = self._instance.get_export_index(self.store, f"statehall:hall/{interface}@0.1.0")
            function = self._instance.get_export_index(self.store, name, place)
            self._functions[name] = self._instance.get_func(self.store, function)
        answer = self._functions[name](self.store, *arguments)
        # A result says which of its cases it is only where Python could not tell: where both are records.
        if isinstance(answer, Variant) and answer.tag in ("ok", "err"):
            answer = answer.payload
        if isinstance(answer, Record) and vars(answer).keys() == {"code", "detail"}:
            raise HallError(answer)
        return answer


class Handle:
    """What lives in the component until it is dropped: Python's garbage collector does not reach there."""

    def __init__(self, kernel, resource):
        self.kernel, self.resource = kernel, resource

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        # After a trap nothing can be dropped any more: it all goes with the store.
        if kind is None or not issubclass(kind, WasmtimeError):
            self.resource.drop(self.kernel.store)


class Hall(Handle):
    @classmethod
    def open(cls, kernel, name, agent):
        options = record(name=name, agent=agent, seed=secrets.randbits(64), limits=[], notify=True, share=False)
        return cls(kernel, kernel.call("state", "[static]hall.open", options, now()))

    def _call(self, name, *arguments):
        return self.kernel.call("state", f"[method]hall.{name}", self.resource, *arguments)

    def as_agent(self, agent):
        return Hall(self.kernel, self._call("as-agent", agent))

    def put(self, key, value, **options):
        return self._call("put-with", key, lower(value), put_options(**options), unix_ms())

    def get(self, key, default=None):
        return lift(self._call("get", key), default)

    def batch(self, commands):
        return self._call("batch", commands, unix_ms())

    def watch(self, selector, initial=False):
        plain = dict.fromkeys(["filter", "owner", "deliver-ms", "capacity", "overflow"])
        options = record(initial=initial, **plain)
        selector = Variant("text", selector)
        return Watcher(self.kernel, self.kernel.call("watchers", "watch", self.resource, selector, options))

    def ready(self, most=1024):
        return self.kernel.call("watchers", "ready", self.resource, most)

    def snapshot(self):
        return self._call("snapshot")

    def restore(self, snapshot):
        self._call("restore", snapshot, now())


class Watcher(Handle):
    def id(self):
        return self.kernel.call("watchers", "[method]watcher.id", self.resource)

    def take(self, most=1024):
        return self.kernel.call("watchers", "[method]watcher.take", self.resource, most)


def put(key, value, **options):
    """A command of `Hall.batch`."""
    return Variant("put", record(key=key, value=lower(value), options=put_options(**options) if options else None))


def put_options(expect=None, metadata=None, ttl_ms=None, touch=False):
    metadata = None if metadata is None else encode(metadata)
    return record(expect=expect, metadata=metadata, ttl_ms=ttl_ms, touch=touch)
