from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from typing import ClassVar as _ClassVar

DESCRIPTOR: _descriptor.FileDescriptor

class PingVerdict(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    PING_VERDICT_UNSPECIFIED: _ClassVar[PingVerdict]
    PING_VERDICT_MALFORMED: _ClassVar[PingVerdict]
    PING_VERDICT_SHED: _ClassVar[PingVerdict]
    PING_VERDICT_NO_CONSENT: _ClassVar[PingVerdict]
    PING_VERDICT_ACCURACY_TOO_COARSE: _ClassVar[PingVerdict]
    PING_VERDICT_EXCLUSION_ZONE: _ClassVar[PingVerdict]
    PING_VERDICT_DUPLICATE: _ClassVar[PingVerdict]
    PING_VERDICT_FUTURE_FIX: _ClassVar[PingVerdict]
    PING_VERDICT_STALE_FIX: _ClassVar[PingVerdict]
    PING_VERDICT_SUSPECT_JUMP: _ClassVar[PingVerdict]
    PING_VERDICT_ACCEPTED: _ClassVar[PingVerdict]

class OfferVerdict(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    OFFER_VERDICT_UNSPECIFIED: _ClassVar[OfferVerdict]
    OFFER_VERDICT_STORE_CLOSED: _ClassVar[OfferVerdict]
    OFFER_VERDICT_TOO_FAST: _ClassVar[OfferVerdict]
    OFFER_VERDICT_QUIET_HOURS: _ClassVar[OfferVerdict]
    OFFER_VERDICT_PURPOSE_NOT_CONSENTED: _ClassVar[OfferVerdict]
    OFFER_VERDICT_SPECIAL_CATEGORY: _ClassVar[OfferVerdict]
    OFFER_VERDICT_OFFER_INACTIVE: _ClassVar[OfferVerdict]
    OFFER_VERDICT_AUDIENCE_MISMATCH: _ClassVar[OfferVerdict]
    OFFER_VERDICT_NO_INTENT: _ClassVar[OfferVerdict]
    OFFER_VERDICT_RECENTLY_BOUGHT: _ClassVar[OfferVerdict]
    OFFER_VERDICT_SIZE_MISMATCH: _ClassVar[OfferVerdict]
    OFFER_VERDICT_OUT_OF_STOCK: _ClassVar[OfferVerdict]
    OFFER_VERDICT_STOCK_STALE: _ClassVar[OfferVerdict]
    OFFER_VERDICT_NO_PRICE_ADVANTAGE: _ClassVar[OfferVerdict]
    OFFER_VERDICT_ALREADY_OFFERED: _ClassVar[OfferVerdict]
    OFFER_VERDICT_COOLDOWN: _ClassVar[OfferVerdict]
    OFFER_VERDICT_FREQUENCY_CAP: _ClassVar[OfferVerdict]
    OFFER_VERDICT_BUDGET_SPENT: _ClassVar[OfferVerdict]
    OFFER_VERDICT_BELOW_RELEVANCE: _ClassVar[OfferVerdict]
    OFFER_VERDICT_OUTRANKED: _ClassVar[OfferVerdict]
    OFFER_VERDICT_HELD_OUT: _ClassVar[OfferVerdict]
    OFFER_VERDICT_TOO_LATE: _ClassVar[OfferVerdict]
    OFFER_VERDICT_OFFERED: _ClassVar[OfferVerdict]
    OFFER_VERDICT_OFFERS_STOPPED: _ClassVar[OfferVerdict]

class TransitionKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    TRANSITION_KIND_UNSPECIFIED: _ClassVar[TransitionKind]
    TRANSITION_KIND_EXIT: _ClassVar[TransitionKind]
    TRANSITION_KIND_ENTER: _ClassVar[TransitionKind]
    TRANSITION_KIND_DWELL: _ClassVar[TransitionKind]

class TransitionCause(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    TRANSITION_CAUSE_UNSPECIFIED: _ClassVar[TransitionCause]
    TRANSITION_CAUSE_MOVEMENT: _ClassVar[TransitionCause]
    TRANSITION_CAUSE_INITIAL: _ClassVar[TransitionCause]
    TRANSITION_CAUSE_FENCE_CREATED: _ClassVar[TransitionCause]
    TRANSITION_CAUSE_FENCE_UPDATED: _ClassVar[TransitionCause]
    TRANSITION_CAUSE_FENCE_REMOVED: _ClassVar[TransitionCause]
    TRANSITION_CAUSE_FENCE_EXPIRED: _ClassVar[TransitionCause]
    TRANSITION_CAUSE_SILENT: _ClassVar[TransitionCause]

class TouchpointKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    TOUCHPOINT_KIND_UNSPECIFIED: _ClassVar[TouchpointKind]
    TOUCHPOINT_KIND_SEARCH: _ClassVar[TouchpointKind]
    TOUCHPOINT_KIND_VIEW: _ClassVar[TouchpointKind]
    TOUCHPOINT_KIND_WISH: _ClassVar[TouchpointKind]
    TOUCHPOINT_KIND_PURCHASE: _ClassVar[TouchpointKind]
    TOUCHPOINT_KIND_PREFERENCE: _ClassVar[TouchpointKind]
    TOUCHPOINT_KIND_CART: _ClassVar[TouchpointKind]
    TOUCHPOINT_KIND_RETURN: _ClassVar[TouchpointKind]
    TOUCHPOINT_KIND_CONTACTED: _ClassVar[TouchpointKind]
    TOUCHPOINT_KIND_SOCIAL_LIKE: _ClassVar[TouchpointKind]
    TOUCHPOINT_KIND_SURVEY_ANSWER: _ClassVar[TouchpointKind]
    TOUCHPOINT_KIND_LOYALTY_UPDATE: _ClassVar[TouchpointKind]
    TOUCHPOINT_KIND_CRM_PROFILE: _ClassVar[TouchpointKind]

class Purpose(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    PURPOSE_UNSPECIFIED: _ClassVar[Purpose]
    PURPOSE_PRECISE_LOCATION_FOR_OFFERS: _ClassVar[Purpose]
    PURPOSE_BACKGROUND_LOCATION: _ClassVar[Purpose]
    PURPOSE_SEARCH_INTENT_USE: _ClassVar[Purpose]
    PURPOSE_PERSONALISED_OFFERS: _ClassVar[Purpose]
    PURPOSE_PUSH_MARKETING: _ClassVar[Purpose]
    PURPOSE_AGGREGATE_STATISTICS: _ClassVar[Purpose]
    PURPOSE_SPECIAL_CATEGORY_OFFERS: _ClassVar[Purpose]

class OfferTrigger(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    OFFER_TRIGGER_UNSPECIFIED: _ClassVar[OfferTrigger]
    OFFER_TRIGGER_ENTER: _ClassVar[OfferTrigger]
    OFFER_TRIGGER_DWELL: _ClassVar[OfferTrigger]
PING_VERDICT_UNSPECIFIED: PingVerdict
PING_VERDICT_MALFORMED: PingVerdict
PING_VERDICT_SHED: PingVerdict
PING_VERDICT_NO_CONSENT: PingVerdict
PING_VERDICT_ACCURACY_TOO_COARSE: PingVerdict
PING_VERDICT_EXCLUSION_ZONE: PingVerdict
PING_VERDICT_DUPLICATE: PingVerdict
PING_VERDICT_FUTURE_FIX: PingVerdict
PING_VERDICT_STALE_FIX: PingVerdict
PING_VERDICT_SUSPECT_JUMP: PingVerdict
PING_VERDICT_ACCEPTED: PingVerdict
OFFER_VERDICT_UNSPECIFIED: OfferVerdict
OFFER_VERDICT_STORE_CLOSED: OfferVerdict
OFFER_VERDICT_TOO_FAST: OfferVerdict
OFFER_VERDICT_QUIET_HOURS: OfferVerdict
OFFER_VERDICT_PURPOSE_NOT_CONSENTED: OfferVerdict
OFFER_VERDICT_SPECIAL_CATEGORY: OfferVerdict
OFFER_VERDICT_OFFER_INACTIVE: OfferVerdict
OFFER_VERDICT_AUDIENCE_MISMATCH: OfferVerdict
OFFER_VERDICT_NO_INTENT: OfferVerdict
OFFER_VERDICT_RECENTLY_BOUGHT: OfferVerdict
OFFER_VERDICT_SIZE_MISMATCH: OfferVerdict
OFFER_VERDICT_OUT_OF_STOCK: OfferVerdict
OFFER_VERDICT_STOCK_STALE: OfferVerdict
OFFER_VERDICT_NO_PRICE_ADVANTAGE: OfferVerdict
OFFER_VERDICT_ALREADY_OFFERED: OfferVerdict
OFFER_VERDICT_COOLDOWN: OfferVerdict
OFFER_VERDICT_FREQUENCY_CAP: OfferVerdict
OFFER_VERDICT_BUDGET_SPENT: OfferVerdict
OFFER_VERDICT_BELOW_RELEVANCE: OfferVerdict
OFFER_VERDICT_OUTRANKED: OfferVerdict
OFFER_VERDICT_HELD_OUT: OfferVerdict
OFFER_VERDICT_TOO_LATE: OfferVerdict
OFFER_VERDICT_OFFERED: OfferVerdict
OFFER_VERDICT_OFFERS_STOPPED: OfferVerdict
TRANSITION_KIND_UNSPECIFIED: TransitionKind
TRANSITION_KIND_EXIT: TransitionKind
TRANSITION_KIND_ENTER: TransitionKind
TRANSITION_KIND_DWELL: TransitionKind
TRANSITION_CAUSE_UNSPECIFIED: TransitionCause
TRANSITION_CAUSE_MOVEMENT: TransitionCause
TRANSITION_CAUSE_INITIAL: TransitionCause
TRANSITION_CAUSE_FENCE_CREATED: TransitionCause
TRANSITION_CAUSE_FENCE_UPDATED: TransitionCause
TRANSITION_CAUSE_FENCE_REMOVED: TransitionCause
TRANSITION_CAUSE_FENCE_EXPIRED: TransitionCause
TRANSITION_CAUSE_SILENT: TransitionCause
TOUCHPOINT_KIND_UNSPECIFIED: TouchpointKind
TOUCHPOINT_KIND_SEARCH: TouchpointKind
TOUCHPOINT_KIND_VIEW: TouchpointKind
TOUCHPOINT_KIND_WISH: TouchpointKind
TOUCHPOINT_KIND_PURCHASE: TouchpointKind
TOUCHPOINT_KIND_PREFERENCE: TouchpointKind
TOUCHPOINT_KIND_CART: TouchpointKind
TOUCHPOINT_KIND_RETURN: TouchpointKind
TOUCHPOINT_KIND_CONTACTED: TouchpointKind
TOUCHPOINT_KIND_SOCIAL_LIKE: TouchpointKind
TOUCHPOINT_KIND_SURVEY_ANSWER: TouchpointKind
TOUCHPOINT_KIND_LOYALTY_UPDATE: TouchpointKind
TOUCHPOINT_KIND_CRM_PROFILE: TouchpointKind
PURPOSE_UNSPECIFIED: Purpose
PURPOSE_PRECISE_LOCATION_FOR_OFFERS: Purpose
PURPOSE_BACKGROUND_LOCATION: Purpose
PURPOSE_SEARCH_INTENT_USE: Purpose
PURPOSE_PERSONALISED_OFFERS: Purpose
PURPOSE_PUSH_MARKETING: Purpose
PURPOSE_AGGREGATE_STATISTICS: Purpose
PURPOSE_SPECIAL_CATEGORY_OFFERS: Purpose
OFFER_TRIGGER_UNSPECIFIED: OfferTrigger
OFFER_TRIGGER_ENTER: OfferTrigger
OFFER_TRIGGER_DWELL: OfferTrigger
