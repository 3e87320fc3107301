"""Who may call what: a static table of full method names. What is not in it is denied."""

from __future__ import annotations

from typing import Final

DEVICE: Final = "device"
GATEWAY: Final = "gateway"
STORE: Final = "store"
MARKETING: Final = "marketing"
PRIVACY_OFFICER: Final = "privacy_officer"
OPERATOR: Final = "operator"
ROLES: Final = (DEVICE, GATEWAY, STORE, MARKETING, PRIVACY_OFFICER, OPERATOR)

#: The one method that needs no token: probes of load balancers and schedulers have none. It tells up or down.
HEALTH_CHECK: Final = "/grpc.health.v1.Health/Check"

_ANY = frozenset(ROLES)
_PINGS = frozenset({DEVICE, GATEWAY, OPERATOR})
_DEVICE = frozenset({DEVICE})
_OPERATOR = frozenset({OPERATOR})
_STORE = frozenset({STORE, OPERATOR})
"""A store's token names its stores; the methods refuse all others (rpc/store_scope.py)."""
_CAMPAIGN = frozenset({MARKETING, OPERATOR})
_PRIVACY = frozenset({PRIVACY_OFFICER, OPERATOR})


def _rows(service: str, methods: str, roles: frozenset[str]) -> dict[str, frozenset[str]]:
    return {f"/{service}/{method}": roles for method in methods.split()}


METHODS: Final[dict[str, frozenset[str]]] = {
    **_rows("geooffer.v1.PingService", "StreamPings IngestPings", _PINGS),
    **_rows("geooffer.v1.OfferService", "ReportOutcomes FindNearbyStock ListWakeRegions", _PINGS),
    # for the customer herself, whom her own device's token stands for
    **_rows("geooffer.v1.OfferService", "WithdrawOwnConsent SnoozeLocation", _DEVICE),
    # a decision says much of a person and consumes her caps: not for marketing, which plans for all of them
    **_rows("geooffer.v1.DecisionService", "Decide", _OPERATOR),
    **_rows(
        "geooffer.v1.StoreService",
        "CreateStore UpdateStore DeleteStore BatchUpsertStores "
        "CreateGeofence UpdateGeofence DeleteGeofence BatchUpsertGeofences",
        _OPERATOR,
    ),
    **_rows("geooffer.v1.StoreService", "CloseStores ReopenStores PauseOffers ResumeOffers", _STORE),
    **_rows("geooffer.v1.StoreService", "ListClosures", _CAMPAIGN | _STORE),
    **_rows(
        "geooffer.v1.StoreService",
        "GetStore ListStores GetGeofence ListGeofences GetCatalogState",
        _CAMPAIGN,
    ),
    **_rows("geooffer.v1.InventoryService", "ReportStock GetStock", _STORE),
    **_rows("geooffer.v1.InventoryService", "ListStaleStock", _OPERATOR),
    **_rows(
        "geooffer.v1.CampaignService",
        "CreateCategory GetCategory ListCategories UpdateCategory DeleteCategory BatchUpsertCategories "
        "CreateProduct GetProduct ListProducts UpdateProduct DeleteProduct BatchUpsertProducts "
        "CreateAudience GetAudience ListAudiences UpdateAudience DeleteAudience BatchUpsertAudiences "
        "AddAudienceMembers RemoveAudienceMembers "
        "CreateCampaign GetCampaign ListCampaigns UpdateCampaign DeleteCampaign BatchUpsertCampaigns "
        "CreateOffer GetOffer ListOffers UpdateOffer DeleteOffer BatchUpsertOffers "
        "BatchUpsertPrices ListPrices",
        _CAMPAIGN,
    ),
    # who is on a list is told like everything else about a customer
    **_rows("geooffer.v1.CampaignService", "ListAudienceMembers", _OPERATOR),
    **_rows(
        "geooffer.v1.SignalService",
        "UpsertCustomers GetCustomer DeleteCustomer RecordTouchpoints "
        "LinkIdentity BatchLinkIdentities UnlinkIdentity MergeCustomers",
        _OPERATOR,
    ),
    **_rows(
        "geooffer.v1.ConsentService",
        "RecordConsent WithdrawConsent GetConsent BatchRecordConsents BatchRegisterNotices ListNotices "
        "GetConsentHistory GetAllowance GetConsentReceipt",
        _PRIVACY,
    ),
    **_rows("geooffer.v1.PrivacyService", "ExportSubject EraseSubject GetErasure ListErasures VerifyAudit", _PRIVACY),
    **_rows(
        "geooffer.v1.PrivacyService",
        "RestrictSubject LiftRestriction ObjectSubject RecordRequest ExtendRequest RefuseRequest ListRequests",
        _PRIVACY,
    ),
    **_rows(
        "geooffer.v1.PrivacyService",
        "CreateExclusionZone GetExclusionZone ListExclusionZones UpdateExclusionZone DeleteExclusionZone "
        "BatchUpsertExclusionZones",
        _PRIVACY,
    ),
    **_rows(
        "geooffer.v1.PolicyService",
        "ProposePolicy ApprovePolicy RollbackPolicy DryRunPolicy",
        frozenset({PRIVACY_OFFICER}),
    ),
    **_rows("geooffer.v1.PolicyService", "GetPolicy ListPolicies SetKillSwitch", _PRIVACY),
    **_rows("geooffer.v1.DiagnosticsService", "ExplainPing GetDecision ListRecentTries", _OPERATOR),
    **_rows("geooffer.v1.DiagnosticsService", "GetStatistics", _CAMPAIGN),
    **_rows("grpc.health.v1.Health", "Check", _ANY),
    # a stream each: for what stands in front of many phones, not for a phone
    **_rows("grpc.health.v1.Health", "Watch List", frozenset({GATEWAY, OPERATOR})),
    **_rows("grpc.reflection.v1alpha.ServerReflection", "ServerReflectionInfo", _OPERATOR),
}


def allowed(role: str, method: str) -> bool:
    """Whether `role` may call the full method name (`/package.Service/Method`, exact)."""
    return role in METHODS.get(method, frozenset())
