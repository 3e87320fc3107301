"""The Python client: stream pings, receive offers; set up stores, stock, offers and customers."""

from geooffer.client.backoff import Backoff
from geooffer.client.batches import BatchResult, RefusedRow
from geooffer.client.client import GeoofferClient
from geooffer.client.control import GeoofferControl
from geooffer.client.errors import CallError
from geooffer.client.exchange import PingExchange
from geooffer.client.pacer import Fix, Pacer, Watch
from geooffer.client.pings import Ping, Streamable
from geooffer.client.sleeping import SleepingPhone

__all__ = [
    "Backoff",
    "BatchResult",
    "CallError",
    "Fix",
    "GeoofferClient",
    "GeoofferControl",
    "Pacer",
    "Ping",
    "PingExchange",
    "RefusedRow",
    "SleepingPhone",
    "Streamable",
    "Watch",
]
