"""The services of the control port, and the unary one of the data port, ready for rpc/server.bind_port."""

from __future__ import annotations

from functools import partial

from geooffer.rpc.quotas import Quotas
from geooffer.rpc.server import Service
from geooffer.services import campaign, consent, decision, diagnostics, inventory, offer, policy, privacy, signal, store
from geooffer.services.control import Control
from geooffer.v1.campaign_service_pb2_grpc import add_CampaignServiceServicer_to_server
from geooffer.v1.consent_service_pb2_grpc import add_ConsentServiceServicer_to_server
from geooffer.v1.decision_service_pb2_grpc import add_DecisionServiceServicer_to_server
from geooffer.v1.diagnostics_service_pb2_grpc import add_DiagnosticsServiceServicer_to_server
from geooffer.v1.inventory_service_pb2_grpc import add_InventoryServiceServicer_to_server
from geooffer.v1.offer_service_pb2_grpc import add_OfferServiceServicer_to_server
from geooffer.v1.policy_service_pb2_grpc import add_PolicyServiceServicer_to_server
from geooffer.v1.privacy_service_pb2_grpc import add_PrivacyServiceServicer_to_server
from geooffer.v1.signal_service_pb2_grpc import add_SignalServiceServicer_to_server
from geooffer.v1.store_service_pb2_grpc import add_StoreServiceServicer_to_server


def control_services(control: Control) -> list[Service]:
    """All services of the control port over one engine."""
    added = (
        (store.NAME, add_StoreServiceServicer_to_server, store.StoreService),
        (inventory.NAME, add_InventoryServiceServicer_to_server, inventory.InventoryService),
        (campaign.NAME, add_CampaignServiceServicer_to_server, campaign.CampaignService),
        (signal.NAME, add_SignalServiceServicer_to_server, signal.SignalService),
        (decision.NAME, add_DecisionServiceServicer_to_server, decision.DecisionService),
        (consent.NAME, add_ConsentServiceServicer_to_server, consent.ConsentService),
        (diagnostics.NAME, add_DiagnosticsServiceServicer_to_server, diagnostics.DiagnosticsService),
        (policy.NAME, add_PolicyServiceServicer_to_server, policy.PolicyService),
        (privacy.NAME, add_PrivacyServiceServicer_to_server, privacy.PrivacyService),
    )
    return [Service(name, partial(add, service(control))) for name, add, service in added]


def data_services(control: Control, quotas: Quotas | None = None) -> list[Service]:
    """What stands beside the pings on the data port, over the same engine; `quotas`: by default without bound."""
    service = offer.OfferService(control, quotas or Quotas())
    return [Service(offer.NAME, partial(add_OfferServiceServicer_to_server, service))]
