"""The Python client: stream pings, receive offers; set up stores, stock, offers and customers."""

from geooffer.client.backoff import Backoff
from geooffer.client.batches import BatchResult, RefusedRow
from geooffer.client.client import GeoofferClient
from geooffer.client.control import GeoofferControl
from geooffer.client.errors import CallError
from geooffer.client.exchange import PingExchange
from geooffer.client.pings import Ping, Streamable

__all__ = [
    "Backoff",
    "BatchResult",
    "CallError",
    "GeoofferClient",
    "GeoofferControl",
    "Ping",
    "PingExchange",
    "RefusedRow",
    "Streamable",
]
