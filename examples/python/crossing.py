"""What crosses between Python and the component: values, records and the time."""

import struct
import time

import cbor2
from wasmtime.component import Record, Variant

SCALARS = {type(None): "null", bool: "boolean", int: "integer", float: "float", str: "text", bytes: "bytes"}


def lower(value):
    """A Python value as the component takes it: a scalar as its case, a list or map as CBOR."""
    case = SCALARS.get(type(value))
    if case == "integer" and not -(2**63) <= value < 2**63:
        # The package would wrap it around, and nobody would know.
        raise OverflowError(f"an integer has 64 bits with a sign, and {value} needs more")
    return Variant(case, value) if case else Variant("cbor", encode(value))


def lift(value, absent=None):
    """A value of the component as Python has it; whole floats stay floats."""
    if value is None:
        return absent
    return cbor2.loads(value.payload) if value.tag == "cbor" else value.payload


def encode(value):
    """The one encoding of a list or map. What cbor2 calls canonical is that, except that it shortens floats."""
    return cbor2.dumps(value, canonical=True, encoders={float: write_float})


def write_float(encoder, number):
    encoder.write(struct.pack(">Bd", 0xFB, number))


def record(**fields):
    """A record of the component, where dashes join words."""
    made = Record()
    for name, value in fields.items():
        setattr(made, name.replace("_", "-"), value)
    return made


def unix_ms():
    return time.time_ns() // 1_000_000


def now():
    return record(unix_ms=unix_ms(), monotonic_ms=time.monotonic_ns() // 1_000_000)
