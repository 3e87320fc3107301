"""Addresses as arrays, tuples of tables and functions: for kernels that are called from outside Python.

Nothing here owns memory: whoever passes an address keeps what it points to alive and unmoved during the call.
"""

from __future__ import annotations

from typing import Any

from numba import types
from numba.core import cgutils
from numba.extending import intrinsic
from numba.np.arrayobj import get_itemsize, make_array, populate_array

# mypy: disable-error-code="no-untyped-def"


def _array(context: Any, builder: Any, array_type: Any, address: Any, length: Any) -> Any:
    """An LLVM array value of one dimension, C-contiguous."""
    array = make_array(array_type)(context, builder)
    item_type = context.get_data_type(array_type.dtype)
    size = cgutils.intp_t(get_itemsize(context, array_type))
    populate_array(
        array,
        data=builder.inttoptr(address, item_type.as_pointer()),
        shape=[length],
        strides=[size],
        itemsize=size,
        meminfo=None,
    )
    return array._getvalue()


def array_view(array_type: Any) -> Any:
    """A kernel (address, length) → array of `array_type`."""

    @intrinsic
    def view(typing_context, address, length):
        def build(context, builder, signature, arguments):
            return _array(context, builder, array_type, *arguments)

        return array_type(types.int64, types.int64), build

    return view


def tuple_view(tuple_type: Any) -> Any:
    """A kernel (address of cells) → tuple of arrays; for each field its address and length stand there."""

    @intrinsic
    def view(typing_context, address):
        def build(context, builder, signature, arguments):
            cells = builder.inttoptr(arguments[0], cgutils.intp_t.as_pointer())
            values = []
            for index, array_type in enumerate(tuple_type):
                pair = [builder.load(cgutils.gep_inbounds(builder, cells, 2 * index + which)) for which in (0, 1)]
                values.append(_array(context, builder, array_type, *pair))
            return context.make_tuple(builder, tuple_type, values)

        return tuple_type(types.int64), build

    return view


def numbers_view(tuple_type: Any) -> Any:
    """A kernel (address of cells) → tuple of int64, one from each cell."""

    @intrinsic
    def view(typing_context, address):
        def build(context, builder, signature, arguments):
            cells = builder.inttoptr(arguments[0], cgutils.intp_t.as_pointer())
            values = [builder.load(cgutils.gep_inbounds(builder, cells, index)) for index in range(len(tuple_type))]
            return context.make_tuple(builder, tuple_type, values)

        return tuple_type(types.int64), build

    return view


def call_of(signature: Any) -> Any:
    """A kernel (address, tuple of arguments) → what the compiled entry of that signature at that address returns.

    So the code of an entry exists once, and is compiled once, also where native callers use it.
    """

    @intrinsic
    def call(typing_context, address, arguments):
        def build(context, builder, own_signature, values):
            given = zip(
                cgutils.unpack_tuple(builder, values[1]), own_signature.args[1].types, signature.args, strict=True
            )
            cast = [context.cast(builder, value, from_type, to_type) for value, from_type, to_type in given]
            function_type = context.call_conv.get_function_type(signature.return_type, signature.args)
            function = builder.inttoptr(values[0], function_type.as_pointer())
            # entries never raise (error_model='numpy'), so there is no status to pass on
            _, result = context.call_conv.call_function(builder, function, signature.return_type, signature.args, cast)
            return result

        return signature.return_type(types.int64, arguments), build

    return call
