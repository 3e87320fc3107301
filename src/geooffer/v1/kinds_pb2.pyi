from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from typing import ClassVar as _ClassVar

DESCRIPTOR: _descriptor.FileDescriptor

class Channel(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CHANNEL_UNSPECIFIED: _ClassVar[Channel]
    CHANNEL_IN_APP: _ClassVar[Channel]
    CHANNEL_PUSH: _ClassVar[Channel]
    CHANNEL_WEB_SHOP: _ClassVar[Channel]
    CHANNEL_EMAIL: _ClassVar[Channel]
    CHANNEL_SMS: _ClassVar[Channel]
    CHANNEL_WHATSAPP: _ClassVar[Channel]
    CHANNEL_WECHAT: _ClassVar[Channel]
    CHANNEL_SOCIAL: _ClassVar[Channel]

class AccountKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ACCOUNT_KIND_UNSPECIFIED: _ClassVar[AccountKind]
    ACCOUNT_KIND_CONSUMER: _ClassVar[AccountKind]
    ACCOUNT_KIND_BUSINESS: _ClassVar[AccountKind]

class FulfilmentPreference(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    FULFILMENT_PREFERENCE_UNSPECIFIED: _ClassVar[FulfilmentPreference]
    FULFILMENT_PREFERENCE_COLLECT: _ClassVar[FulfilmentPreference]
    FULFILMENT_PREFERENCE_SHIP: _ClassVar[FulfilmentPreference]

class Fulfilment(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    FULFILMENT_UNSPECIFIED: _ClassVar[Fulfilment]
    FULFILMENT_IN_STORE: _ClassVar[Fulfilment]
    FULFILMENT_OTHER_BRANCH: _ClassVar[Fulfilment]
    FULFILMENT_SHIP_TO_HOME: _ClassVar[Fulfilment]

class OutcomeKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    OUTCOME_KIND_UNSPECIFIED: _ClassVar[OutcomeKind]
    OUTCOME_KIND_DELIVERED: _ClassVar[OutcomeKind]
    OUTCOME_KIND_DISPLAYED: _ClassVar[OutcomeKind]
    OUTCOME_KIND_DISMISSED: _ClassVar[OutcomeKind]
    OUTCOME_KIND_REDEEMED: _ClassVar[OutcomeKind]
    OUTCOME_KIND_FAILED: _ClassVar[OutcomeKind]

class IdentityKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    IDENTITY_KIND_UNSPECIFIED: _ClassVar[IdentityKind]
    IDENTITY_KIND_WEB: _ClassVar[IdentityKind]
    IDENTITY_KIND_LOYALTY: _ClassVar[IdentityKind]

class SwitchKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SWITCH_KIND_UNSPECIFIED: _ClassVar[SwitchKind]
    SWITCH_KIND_CLOSED: _ClassVar[SwitchKind]
    SWITCH_KIND_OFFERS_PAUSED: _ClassVar[SwitchKind]

class CapScope(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CAP_SCOPE_UNSPECIFIED: _ClassVar[CapScope]
    CAP_SCOPE_PERSON: _ClassVar[CapScope]
    CAP_SCOPE_PERSON_STORE: _ClassVar[CapScope]
    CAP_SCOPE_PERSON_CATEGORY: _ClassVar[CapScope]
    CAP_SCOPE_PERSON_CAMPAIGN: _ClassVar[CapScope]
    CAP_SCOPE_CAMPAIGN_TOTAL: _ClassVar[CapScope]

class CapWindow(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CAP_WINDOW_UNSPECIFIED: _ClassVar[CapWindow]
    CAP_WINDOW_SLIDING: _ClassVar[CapWindow]
    CAP_WINDOW_CALENDAR_DAY: _ClassVar[CapWindow]
    CAP_WINDOW_CALENDAR_WEEK: _ClassVar[CapWindow]
    CAP_WINDOW_CALENDAR_MONTH: _ClassVar[CapWindow]

class CapZone(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CAP_ZONE_UNSPECIFIED: _ClassVar[CapZone]
    CAP_ZONE_CUSTOMER: _ClassVar[CapZone]
    CAP_ZONE_STORE: _ClassVar[CapZone]
    CAP_ZONE_UTC: _ClassVar[CapZone]

class CapEvent(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CAP_EVENT_UNSPECIFIED: _ClassVar[CapEvent]
    CAP_EVENT_DECIDED: _ClassVar[CapEvent]
    CAP_EVENT_DELIVERED: _ClassVar[CapEvent]
    CAP_EVENT_DISPLAYED: _ClassVar[CapEvent]
    CAP_EVENT_CONTACTED: _ClassVar[CapEvent]
CHANNEL_UNSPECIFIED: Channel
CHANNEL_IN_APP: Channel
CHANNEL_PUSH: Channel
CHANNEL_WEB_SHOP: Channel
CHANNEL_EMAIL: Channel
CHANNEL_SMS: Channel
CHANNEL_WHATSAPP: Channel
CHANNEL_WECHAT: Channel
CHANNEL_SOCIAL: Channel
ACCOUNT_KIND_UNSPECIFIED: AccountKind
ACCOUNT_KIND_CONSUMER: AccountKind
ACCOUNT_KIND_BUSINESS: AccountKind
FULFILMENT_PREFERENCE_UNSPECIFIED: FulfilmentPreference
FULFILMENT_PREFERENCE_COLLECT: FulfilmentPreference
FULFILMENT_PREFERENCE_SHIP: FulfilmentPreference
FULFILMENT_UNSPECIFIED: Fulfilment
FULFILMENT_IN_STORE: Fulfilment
FULFILMENT_OTHER_BRANCH: Fulfilment
FULFILMENT_SHIP_TO_HOME: Fulfilment
OUTCOME_KIND_UNSPECIFIED: OutcomeKind
OUTCOME_KIND_DELIVERED: OutcomeKind
OUTCOME_KIND_DISPLAYED: OutcomeKind
OUTCOME_KIND_DISMISSED: OutcomeKind
OUTCOME_KIND_REDEEMED: OutcomeKind
OUTCOME_KIND_FAILED: OutcomeKind
IDENTITY_KIND_UNSPECIFIED: IdentityKind
IDENTITY_KIND_WEB: IdentityKind
IDENTITY_KIND_LOYALTY: IdentityKind
SWITCH_KIND_UNSPECIFIED: SwitchKind
SWITCH_KIND_CLOSED: SwitchKind
SWITCH_KIND_OFFERS_PAUSED: SwitchKind
CAP_SCOPE_UNSPECIFIED: CapScope
CAP_SCOPE_PERSON: CapScope
CAP_SCOPE_PERSON_STORE: CapScope
CAP_SCOPE_PERSON_CATEGORY: CapScope
CAP_SCOPE_PERSON_CAMPAIGN: CapScope
CAP_SCOPE_CAMPAIGN_TOTAL: CapScope
CAP_WINDOW_UNSPECIFIED: CapWindow
CAP_WINDOW_SLIDING: CapWindow
CAP_WINDOW_CALENDAR_DAY: CapWindow
CAP_WINDOW_CALENDAR_WEEK: CapWindow
CAP_WINDOW_CALENDAR_MONTH: CapWindow
CAP_ZONE_UNSPECIFIED: CapZone
CAP_ZONE_CUSTOMER: CapZone
CAP_ZONE_STORE: CapZone
CAP_ZONE_UTC: CapZone
CAP_EVENT_UNSPECIFIED: CapEvent
CAP_EVENT_DECIDED: CapEvent
CAP_EVENT_DELIVERED: CapEvent
CAP_EVENT_DISPLAYED: CapEvent
CAP_EVENT_CONTACTED: CapEvent
