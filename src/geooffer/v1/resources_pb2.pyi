import datetime

from geooffer.v1 import kinds_pb2 as _kinds_pb2
from geooffer.v1 import shapes_pb2 as _shapes_pb2
from geooffer.v1 import verdicts_pb2 as _verdicts_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Store(_message.Message):
    __slots__ = ("store_id", "name", "latitude_e7", "longitude_e7", "time_zone", "etag", "opening_hours", "country", "region", "tags", "is_online")
    STORE_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    LATITUDE_E7_FIELD_NUMBER: _ClassVar[int]
    LONGITUDE_E7_FIELD_NUMBER: _ClassVar[int]
    TIME_ZONE_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    OPENING_HOURS_FIELD_NUMBER: _ClassVar[int]
    COUNTRY_FIELD_NUMBER: _ClassVar[int]
    REGION_FIELD_NUMBER: _ClassVar[int]
    TAGS_FIELD_NUMBER: _ClassVar[int]
    IS_ONLINE_FIELD_NUMBER: _ClassVar[int]
    store_id: str
    name: str
    latitude_e7: int
    longitude_e7: int
    time_zone: str
    etag: str
    opening_hours: str
    country: str
    region: str
    tags: _containers.RepeatedScalarFieldContainer[str]
    is_online: bool
    def __init__(self, store_id: _Optional[str] = ..., name: _Optional[str] = ..., latitude_e7: _Optional[int] = ..., longitude_e7: _Optional[int] = ..., time_zone: _Optional[str] = ..., etag: _Optional[str] = ..., opening_hours: _Optional[str] = ..., country: _Optional[str] = ..., region: _Optional[str] = ..., tags: _Optional[_Iterable[str]] = ..., is_online: _Optional[bool] = ...) -> None: ...

class Geofence(_message.Message):
    __slots__ = ("geofence_id", "store_id", "name", "shape", "dwell_millis", "etag", "valid_from_time", "valid_until_time", "enter_fix_count", "exit_fix_count", "inside_accuracy_cm", "outside_margin_cm")
    GEOFENCE_ID_FIELD_NUMBER: _ClassVar[int]
    STORE_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    SHAPE_FIELD_NUMBER: _ClassVar[int]
    DWELL_MILLIS_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    VALID_FROM_TIME_FIELD_NUMBER: _ClassVar[int]
    VALID_UNTIL_TIME_FIELD_NUMBER: _ClassVar[int]
    ENTER_FIX_COUNT_FIELD_NUMBER: _ClassVar[int]
    EXIT_FIX_COUNT_FIELD_NUMBER: _ClassVar[int]
    INSIDE_ACCURACY_CM_FIELD_NUMBER: _ClassVar[int]
    OUTSIDE_MARGIN_CM_FIELD_NUMBER: _ClassVar[int]
    geofence_id: str
    store_id: str
    name: str
    shape: _shapes_pb2.Shape
    dwell_millis: int
    etag: str
    valid_from_time: _timestamp_pb2.Timestamp
    valid_until_time: _timestamp_pb2.Timestamp
    enter_fix_count: int
    exit_fix_count: int
    inside_accuracy_cm: int
    outside_margin_cm: int
    def __init__(self, geofence_id: _Optional[str] = ..., store_id: _Optional[str] = ..., name: _Optional[str] = ..., shape: _Optional[_Union[_shapes_pb2.Shape, _Mapping]] = ..., dwell_millis: _Optional[int] = ..., etag: _Optional[str] = ..., valid_from_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., valid_until_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., enter_fix_count: _Optional[int] = ..., exit_fix_count: _Optional[int] = ..., inside_accuracy_cm: _Optional[int] = ..., outside_margin_cm: _Optional[int] = ...) -> None: ...

class LocalizedText(_message.Message):
    __slots__ = ("language_code", "text")
    LANGUAGE_CODE_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    language_code: str
    text: str
    def __init__(self, language_code: _Optional[str] = ..., text: _Optional[str] = ...) -> None: ...

class Category(_message.Message):
    __slots__ = ("category_id", "names", "etag", "synonyms", "size_chart", "repurchase_preset", "repurchase", "is_special")
    CATEGORY_ID_FIELD_NUMBER: _ClassVar[int]
    NAMES_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    SYNONYMS_FIELD_NUMBER: _ClassVar[int]
    SIZE_CHART_FIELD_NUMBER: _ClassVar[int]
    REPURCHASE_PRESET_FIELD_NUMBER: _ClassVar[int]
    REPURCHASE_FIELD_NUMBER: _ClassVar[int]
    IS_SPECIAL_FIELD_NUMBER: _ClassVar[int]
    category_id: str
    names: _containers.RepeatedCompositeFieldContainer[LocalizedText]
    etag: str
    synonyms: _containers.RepeatedCompositeFieldContainer[LocalizedText]
    size_chart: str
    repurchase_preset: str
    repurchase: RepurchaseRule
    is_special: bool
    def __init__(self, category_id: _Optional[str] = ..., names: _Optional[_Iterable[_Union[LocalizedText, _Mapping]]] = ..., etag: _Optional[str] = ..., synonyms: _Optional[_Iterable[_Union[LocalizedText, _Mapping]]] = ..., size_chart: _Optional[str] = ..., repurchase_preset: _Optional[str] = ..., repurchase: _Optional[_Union[RepurchaseRule, _Mapping]] = ..., is_special: _Optional[bool] = ...) -> None: ...

class RepurchaseRule(_message.Message):
    __slots__ = ("wait_days", "is_consumable", "search_lifts_wait")
    WAIT_DAYS_FIELD_NUMBER: _ClassVar[int]
    IS_CONSUMABLE_FIELD_NUMBER: _ClassVar[int]
    SEARCH_LIFTS_WAIT_FIELD_NUMBER: _ClassVar[int]
    wait_days: int
    is_consumable: bool
    search_lifts_wait: bool
    def __init__(self, wait_days: _Optional[int] = ..., is_consumable: _Optional[bool] = ..., search_lifts_wait: _Optional[bool] = ...) -> None: ...

class Size(_message.Message):
    __slots__ = ("system", "value")
    SYSTEM_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    system: str
    value: str
    def __init__(self, system: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...

class Product(_message.Message):
    __slots__ = ("product_id", "category_id", "titles", "sizes", "stock_tracked", "etag", "safety_stock_count", "is_sold_online", "vat_basis_points")
    PRODUCT_ID_FIELD_NUMBER: _ClassVar[int]
    CATEGORY_ID_FIELD_NUMBER: _ClassVar[int]
    TITLES_FIELD_NUMBER: _ClassVar[int]
    SIZES_FIELD_NUMBER: _ClassVar[int]
    STOCK_TRACKED_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    SAFETY_STOCK_COUNT_FIELD_NUMBER: _ClassVar[int]
    IS_SOLD_ONLINE_FIELD_NUMBER: _ClassVar[int]
    VAT_BASIS_POINTS_FIELD_NUMBER: _ClassVar[int]
    product_id: str
    category_id: str
    titles: _containers.RepeatedCompositeFieldContainer[LocalizedText]
    sizes: _containers.RepeatedCompositeFieldContainer[Size]
    stock_tracked: bool
    etag: str
    safety_stock_count: int
    is_sold_online: bool
    vat_basis_points: int
    def __init__(self, product_id: _Optional[str] = ..., category_id: _Optional[str] = ..., titles: _Optional[_Iterable[_Union[LocalizedText, _Mapping]]] = ..., sizes: _Optional[_Iterable[_Union[Size, _Mapping]]] = ..., stock_tracked: _Optional[bool] = ..., etag: _Optional[str] = ..., safety_stock_count: _Optional[int] = ..., is_sold_online: _Optional[bool] = ..., vat_basis_points: _Optional[int] = ...) -> None: ...

class Price(_message.Message):
    __slots__ = ("product_id", "store_id", "amount_minor", "currency_code", "valid_from_time")
    PRODUCT_ID_FIELD_NUMBER: _ClassVar[int]
    STORE_ID_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_MINOR_FIELD_NUMBER: _ClassVar[int]
    CURRENCY_CODE_FIELD_NUMBER: _ClassVar[int]
    VALID_FROM_TIME_FIELD_NUMBER: _ClassVar[int]
    product_id: str
    store_id: str
    amount_minor: int
    currency_code: str
    valid_from_time: _timestamp_pb2.Timestamp
    def __init__(self, product_id: _Optional[str] = ..., store_id: _Optional[str] = ..., amount_minor: _Optional[int] = ..., currency_code: _Optional[str] = ..., valid_from_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class Offer(_message.Message):
    __slots__ = ("offer_id", "product_id", "valid_from_time", "valid_until_time", "store_ids", "minimum_price_cut_percent", "trigger", "paused", "required_purposes", "etag", "campaign_id")
    OFFER_ID_FIELD_NUMBER: _ClassVar[int]
    PRODUCT_ID_FIELD_NUMBER: _ClassVar[int]
    VALID_FROM_TIME_FIELD_NUMBER: _ClassVar[int]
    VALID_UNTIL_TIME_FIELD_NUMBER: _ClassVar[int]
    STORE_IDS_FIELD_NUMBER: _ClassVar[int]
    MINIMUM_PRICE_CUT_PERCENT_FIELD_NUMBER: _ClassVar[int]
    TRIGGER_FIELD_NUMBER: _ClassVar[int]
    PAUSED_FIELD_NUMBER: _ClassVar[int]
    REQUIRED_PURPOSES_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    CAMPAIGN_ID_FIELD_NUMBER: _ClassVar[int]
    offer_id: str
    product_id: str
    valid_from_time: _timestamp_pb2.Timestamp
    valid_until_time: _timestamp_pb2.Timestamp
    store_ids: _containers.RepeatedScalarFieldContainer[str]
    minimum_price_cut_percent: int
    trigger: _verdicts_pb2.OfferTrigger
    paused: bool
    required_purposes: _containers.RepeatedScalarFieldContainer[_verdicts_pb2.Purpose]
    etag: str
    campaign_id: str
    def __init__(self, offer_id: _Optional[str] = ..., product_id: _Optional[str] = ..., valid_from_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., valid_until_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., store_ids: _Optional[_Iterable[str]] = ..., minimum_price_cut_percent: _Optional[int] = ..., trigger: _Optional[_Union[_verdicts_pb2.OfferTrigger, str]] = ..., paused: _Optional[bool] = ..., required_purposes: _Optional[_Iterable[_Union[_verdicts_pb2.Purpose, str]]] = ..., etag: _Optional[str] = ..., campaign_id: _Optional[str] = ...) -> None: ...

class Audience(_message.Message):
    __slots__ = ("audience_id", "name", "etag")
    AUDIENCE_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    audience_id: str
    name: str
    etag: str
    def __init__(self, audience_id: _Optional[str] = ..., name: _Optional[str] = ..., etag: _Optional[str] = ...) -> None: ...

class Campaign(_message.Message):
    __slots__ = ("campaign_id", "name", "paused", "budget_count", "minimum_tier", "account_kinds", "channels", "audience_id", "cap_rules", "held_out_per_10000", "score_floor", "is_open_when_hours_unknown", "offers_other_branch", "offers_shipping", "etag")
    CAMPAIGN_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    PAUSED_FIELD_NUMBER: _ClassVar[int]
    BUDGET_COUNT_FIELD_NUMBER: _ClassVar[int]
    MINIMUM_TIER_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_KINDS_FIELD_NUMBER: _ClassVar[int]
    CHANNELS_FIELD_NUMBER: _ClassVar[int]
    AUDIENCE_ID_FIELD_NUMBER: _ClassVar[int]
    CAP_RULES_FIELD_NUMBER: _ClassVar[int]
    HELD_OUT_PER_10000_FIELD_NUMBER: _ClassVar[int]
    SCORE_FLOOR_FIELD_NUMBER: _ClassVar[int]
    IS_OPEN_WHEN_HOURS_UNKNOWN_FIELD_NUMBER: _ClassVar[int]
    OFFERS_OTHER_BRANCH_FIELD_NUMBER: _ClassVar[int]
    OFFERS_SHIPPING_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    campaign_id: str
    name: str
    paused: bool
    budget_count: int
    minimum_tier: int
    account_kinds: _containers.RepeatedScalarFieldContainer[_kinds_pb2.AccountKind]
    channels: _containers.RepeatedScalarFieldContainer[_kinds_pb2.Channel]
    audience_id: str
    cap_rules: _containers.RepeatedCompositeFieldContainer[CapRule]
    held_out_per_10000: int
    score_floor: int
    is_open_when_hours_unknown: bool
    offers_other_branch: bool
    offers_shipping: bool
    etag: str
    def __init__(self, campaign_id: _Optional[str] = ..., name: _Optional[str] = ..., paused: _Optional[bool] = ..., budget_count: _Optional[int] = ..., minimum_tier: _Optional[int] = ..., account_kinds: _Optional[_Iterable[_Union[_kinds_pb2.AccountKind, str]]] = ..., channels: _Optional[_Iterable[_Union[_kinds_pb2.Channel, str]]] = ..., audience_id: _Optional[str] = ..., cap_rules: _Optional[_Iterable[_Union[CapRule, _Mapping]]] = ..., held_out_per_10000: _Optional[int] = ..., score_floor: _Optional[int] = ..., is_open_when_hours_unknown: _Optional[bool] = ..., offers_other_branch: _Optional[bool] = ..., offers_shipping: _Optional[bool] = ..., etag: _Optional[str] = ...) -> None: ...

class CapRule(_message.Message):
    __slots__ = ("scope", "limit_count", "window", "window_millis", "zone", "event")
    SCOPE_FIELD_NUMBER: _ClassVar[int]
    LIMIT_COUNT_FIELD_NUMBER: _ClassVar[int]
    WINDOW_FIELD_NUMBER: _ClassVar[int]
    WINDOW_MILLIS_FIELD_NUMBER: _ClassVar[int]
    ZONE_FIELD_NUMBER: _ClassVar[int]
    EVENT_FIELD_NUMBER: _ClassVar[int]
    scope: _kinds_pb2.CapScope
    limit_count: int
    window: _kinds_pb2.CapWindow
    window_millis: int
    zone: _kinds_pb2.CapZone
    event: _kinds_pb2.CapEvent
    def __init__(self, scope: _Optional[_Union[_kinds_pb2.CapScope, str]] = ..., limit_count: _Optional[int] = ..., window: _Optional[_Union[_kinds_pb2.CapWindow, str]] = ..., window_millis: _Optional[int] = ..., zone: _Optional[_Union[_kinds_pb2.CapZone, str]] = ..., event: _Optional[_Union[_kinds_pb2.CapEvent, str]] = ...) -> None: ...

class StockFigure(_message.Message):
    __slots__ = ("store_id", "product_id", "size", "available_count", "as_of_time")
    STORE_ID_FIELD_NUMBER: _ClassVar[int]
    PRODUCT_ID_FIELD_NUMBER: _ClassVar[int]
    SIZE_FIELD_NUMBER: _ClassVar[int]
    AVAILABLE_COUNT_FIELD_NUMBER: _ClassVar[int]
    AS_OF_TIME_FIELD_NUMBER: _ClassVar[int]
    store_id: str
    product_id: str
    size: Size
    available_count: int
    as_of_time: _timestamp_pb2.Timestamp
    def __init__(self, store_id: _Optional[str] = ..., product_id: _Optional[str] = ..., size: _Optional[_Union[Size, _Mapping]] = ..., available_count: _Optional[int] = ..., as_of_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class RowProblem(_message.Message):
    __slots__ = ("row", "reason", "message", "field")
    ROW_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    FIELD_FIELD_NUMBER: _ClassVar[int]
    row: int
    reason: str
    message: str
    field: str
    def __init__(self, row: _Optional[int] = ..., reason: _Optional[str] = ..., message: _Optional[str] = ..., field: _Optional[str] = ...) -> None: ...
