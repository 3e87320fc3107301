"""Create, get, list, update, delete and upsert, once for every kind of noun."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Generic, TypeVar

from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.message import Message

from geooffer.engine.registry import noun_id
from geooffer.errors import AlreadyExistsError, InvalidArgumentError, NotFoundError, StaleEtagError
from geooffer.model.catalog import Noun
from geooffer.rpc import checks
from geooffer.services.batches import BatchResult, apply_batch
from geooffer.services.control import Control
from geooffer.services.pages import page_of

N = TypeVar("N", bound=Noun)
R = TypeVar("R", bound=Message)
Decode = Callable[[Any], N]


class NounCalls(Generic[N]):
    """The calls of one kind. Messages in and out carry the kind's fields and an etag.

    `answer_…` are whole calls: request in, the given kind of response out. The others are what they are made of,
    for kinds whose calls do more.
    """

    def __init__(
        self,
        control: Control,
        kind: type[N],
        *,
        name: str,
        plural: str,
        decode: Decode[N],
        encode: Callable[[N], Any],
    ) -> None:
        """name, plural: as the wire names the resource's fields, such as `store` and `stores`."""
        self._control = control
        self._kind = kind
        self._name = name
        self._plural = plural
        self._id_field = f"{name}_id"
        self._decode = decode
        self._encode = encode

    @property
    def count(self) -> int:
        """How many are saved."""
        return len(self._control.engine.registry.nouns(self._kind))

    # -- whole calls -----------------------------------------------------------------------------------------

    async def answer_create(self, request: Any, context: object, response: Callable[..., R]) -> R:
        """Save a new noun, once per request_id."""

        async def call() -> R:
            return self._filled(response, **{self._name: self.create(getattr(request, self._name))})

        return await self._once(request, context, call)

    def answer_get(self, request: Any, response: Callable[..., R]) -> R:
        """One noun by id."""
        return self._filled(response, **{self._name: self.get(getattr(request, self._id_field))})

    def answer_list(self, request: Any, response: Callable[..., R]) -> R:
        """One page."""
        page, token = self.page(request)
        return self._filled(response, **{self._plural: page}, next_page_token=token)

    def answer_update(self, request: Any, response: Callable[..., R]) -> R:
        """Change the masked fields of a noun."""
        changed = self.update(getattr(request, self._name), request.update_mask)
        return self._filled(response, **{self._name: changed})

    def answer_delete(self, request: Any, response: Callable[..., R]) -> R:
        """Delete a noun."""
        return response(catalog_generation=self.delete(request))

    async def answer_upsert(self, request: Any, context: object, response: Callable[..., R]) -> R:
        """Create or replace many, once per request_id."""

        async def call() -> R:
            result = await self.upsert(getattr(request, self._plural), partial=request.partial)
            return self._control.batch_answer(result, response)

        return await self._once(request, context, call)

    def _filled(self, response: Callable[..., R], **fields: Any) -> R:
        return response(**fields, catalog_generation=self._control.engine.saved_generation)

    async def _once(self, request: Any, context: object, call: Callable[[], Awaitable[R]]) -> R:
        method = type(request).__name__.removesuffix("Request")
        return await self._control.once(method, request, context, call)

    # -- what they are made of -------------------------------------------------------------------------------

    def get(self, identifier: str) -> Any:
        """The message of one noun, with etag. Raises NotFoundError."""
        return self._tagged(self._held(identifier))

    def page(self, request: Any) -> tuple[list[Any], str]:
        """One page by id, and the next page's token."""
        held = self._control.engine.registry.nouns(self._kind)
        return page_of(held.values(), lambda noun: (noun_id(noun),), self._tagged, request, self._plural)

    def create(self, message: Any, decode: Decode[N] | None = None) -> Any:
        """Save a new noun; returns its message. Raises AlreadyExistsError."""
        noun = (decode or self._decode)(message)
        if noun_id(noun) in self._control.engine.registry.nouns(self._kind):
            raise AlreadyExistsError(f"a {self._name} of this {self._id_field} exists", field=self._id_field)
        return self._save(noun)

    def update(self, message: Any, mask: FieldMask, decode: Decode[N] | None = None) -> Any:
        """Change the masked fields of a noun; returns its message. Raises NotFoundError, StaleEtagError."""
        current = self.get(getattr(message, self._id_field))
        _check_etag(message.etag, current.etag)
        if mask.paths:
            message = self._merged(current, message, mask)
        return self._save((decode or self._decode)(message))

    def delete(self, request: Any) -> int:
        """Delete a noun; returns the catalog generation. Raises NotFoundError, InUseError, StaleEtagError."""
        identifier = getattr(request, self._id_field)
        _check_etag(request.etag, self.get(identifier).etag)
        kind: Any = self._kind
        self._control.engine.delete_noun(kind, identifier, now_ms=self._control.now_ms())
        return self._control.catalog_changed()

    async def upsert(self, messages: Sequence[Any], *, partial: bool, decode: Decode[N] | None = None) -> BatchResult:
        """Create or replace many."""

        def put(nouns: list[N]) -> Any:
            results = self._control.engine.put_nouns(nouns, now_ms=self._control.now_ms(), partial=partial)
            self._control.catalog_changed()
            return results

        return await apply_batch(messages, self._plural, decode or self._decode, put, partial=partial)

    def _held(self, identifier: str) -> N:
        checks.identifier(identifier, self._id_field)
        held = self._control.engine.registry.nouns(self._kind).get(identifier)
        if held is None:
            raise NotFoundError(f"no {self._name} of this {self._id_field}", field=self._id_field)
        return held

    def _save(self, noun: N) -> Any:
        self._control.engine.put_nouns([noun], now_ms=self._control.now_ms())
        self._control.catalog_changed()
        return self._tagged(noun)

    def _tagged(self, noun: N) -> Any:
        message = self._encode(noun)
        message.etag = etag_of(message)
        return message

    def _merged(self, current: Any, message: Any, mask: FieldMask) -> Any:
        fields = current.DESCRIPTOR.fields_by_name
        for path in mask.paths:
            if path not in fields or path in (self._id_field, "etag"):
                rule = f"update_mask may name top-level fields except {self._id_field} and etag"
                raise InvalidArgumentError(rule, field="update_mask")
            current.ClearField(path)
            field = fields[path]
            if field.is_repeated:
                getattr(current, path).MergeFrom(getattr(message, path))
            elif field.has_presence and not message.HasField(path):
                continue
            elif field.message_type is not None:
                getattr(current, path).CopyFrom(getattr(message, path))
            else:
                setattr(current, path, getattr(message, path))
        return current


def etag_of(message: Message) -> str:
    """A hash of the content, so the same after a restart. `message.etag` must be empty."""
    return hashlib.blake2b(message.SerializeToString(deterministic=True), digest_size=8).hexdigest()


def _check_etag(given: str, current: str) -> None:
    if given and given != current:
        raise StaleEtagError("the resource changed since this etag was read", field="etag")
