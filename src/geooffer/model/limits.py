"""Every bound of the product, with its unit in the name. Relations between bounds are asserted at the end."""

from __future__ import annotations

# -- coordinates (semantics G1, G4) ------------------------------------------------------------------------
LATITUDE_MAX_E7 = 900_000_000
LONGITUDE_MAX_E7 = 1_800_000_000
FENCE_VERTEX_COUNT_MAX = 10_000
FENCE_PART_SPAN_MAX_E7 = 100_000_000
CIRCLE_RADIUS_MIN_CM = 100
CIRCLE_RADIUS_MAX_CM = 10_000_000
FENCE_OVERLAP_COUNT_DEFAULT = 64
FENCE_OVERLAP_COUNT_MAX = 512
FENCE_DWELL_MAX_MS = 86_400_000
FENCE_INSIDE_ACCURACY_MAX_CM = 10_000  # coarser fixes are not accepted at all, unless a policy says so
FENCE_OUTSIDE_MARGIN_MAX_CM = 1_000_000
FENCE_FIX_COUNT_MAX = 32  # of an ENTER or EXIT of one fence
EXCLUSION_BUFFER_MAX_CM = 1_000_000  # 10 km
SILENCED_FENCE_COUNT_MAX = 1_000  # named in one answer; all are counted

# -- pings (semantics T1) ----------------------------------------------------------------------------------
PING_BATCH_ROW_COUNT_MAX = 1_024
ACCURACY_MAX_CM = 100_000_000  # 1,000 km: beyond it the row is malformed, not merely coarse
FIX_AGE_MAX_MS = 366 * 86_400_000
HINT_WALKING_CM_PER_S = 250
"""Nobody who walks is expected to be faster by the hints of when the next ping is useful."""
SPEED_MAX_CM_PER_S = 100_000
DECISION_BUDGET_MAX_MS = 60_000
TIME_MIN_MS = 0  # 1970
TIME_MAX_MS = 4_102_444_800_000  # 2100-01-01T00:00:00Z

# -- people (semantics S-4) --------------------------------------------------------------------------------
PARTITION_COUNT = 64
INTENT_COUNT_MAX = 16
DEVICES_PER_CUSTOMER_COUNT_MAX = 32
CAP_WINDOW_MAX_MS = 31 * 86_400_000
CONTACT_RETENTION_MS = 32 * 86_400_000  # no cap window may look back farther than contacts are kept
CAP_LIMIT_MAX = 1_000_000_000
CAP_RULE_COUNT_MAX = 16
CONTACTED_COUNT_MAX = 256  # others' messages kept per person
SEARCH_TEXT_LENGTH_MAX = 512
LOYALTY_TIER_MAX = 9
IDENTITIES_PER_CUSTOMER_COUNT_MAX = 32
RECENT_TRY_COUNT = 8
RECENT_TRY_RETENTION_MS = 86_400_000
CONSENT_EVENTS_PER_PERSON_COUNT_MAX = 256  # superseded ones; the oldest give way
CONSENT_EVIDENCE_RETENTION_MAX_MS = 3_653 * 86_400_000  # of a superseded event: 10 years
NOTICE_VALIDITY_MAX_DAYS = 3_653
NOTICE_COUNT_MAX = 10_000
NOTICE_RECIPIENT_COUNT_MAX = 64
NOTICE_LANGUAGE_COUNT_MAX = 64
LOCATION_SNOOZE_MAX_MS = 31 * 86_400_000  # longer is a withdrawal
RIGHTS_REQUESTS_PER_PERSON_COUNT_MAX = 256
RIGHTS_REASON_LENGTH_MAX = 200
SCORE_FLOOR_MAX = 100_000
FIX_COUNT_MAX = 255  # a visit counts the fixes of an ENTER or EXIT in one byte
JUMP_FIX_COUNT_MAX = 8  # each is compared with all before it (semantics T4)

# -- retention (privacy M7): a policy may ask for less, never for more; swept within a day ------------------
INTENT_RETENTION_MS = 14 * 86_400_000
FACT_RETENTION_MS = 1_096 * 86_400_000  # 36 months
DECISION_RETENTION_MS = CONTACT_RETENTION_MS  # 30 days, and what a cap of a calendar month may look back farther
DECISION_RETENTION_MAX_MS = 183 * 86_400_000
RIGHTS_RETENTION_MS = 1_096 * 86_400_000  # of answered requests: 3 years, as claims lapse (BGB § 195)
BACKUP_RETENTION_MS = 30 * 86_400_000
RETENTION_SWEEP_INTERVAL_MS = 86_400_000
RETENTION_SLICE_COUNT = 8  # of a partition, so that no sweep holds up pings

# -- policies (docs/policy.md) ------------------------------------------------------------------------------
POLICY_VERSION_COUNT_MAX = 1_000  # documents remembered, proposals included
POLICY_WAITING_COUNT_MAX = 16  # proposals that wait for approval

# -- catalog -----------------------------------------------------------------------------------------------
ID_LENGTH_MAX = 128
TEXT_LENGTH_MAX = 512
BATCH_RESOURCE_COUNT_MAX = 1_000
OUTCOME_REPORT_COUNT_MAX = 100  # of a phone: it was told at most a few a day
SIZES_PER_PRODUCT_COUNT_MAX = 256
STORES_PER_OFFER_COUNT_MAX = 10_000
PRICE_STEPS_PER_LIST_COUNT_MAX = 4_096
SYNONYM_COUNT_MAX = 64
VAT_BASIS_POINTS_MAX = 10_000
NEIGHBOUR_STORE_COUNT_MAX = 8
NEIGHBOUR_STORE_DISTANCE_MAX_M = 25_000
NEARBY_STORE_DISTANCE_MAX_M = 100_000  # farther, the local plane would mislead, and nobody goes
NEARBY_STORE_COUNT_MAX = 50
CLOSURES_PER_STORE_COUNT_MAX = 64
OPENING_HOURS_LENGTH_MAX = 512
TAGS_PER_STORE_COUNT_MAX = 32
STOCK_COUNT_MAX = 1_000_000_000
AMOUNT_MINOR_MAX = 10**15

# -- files --------------------------------------------------------------------------------------------------
FILE_SIZE_MAX_BYTES = 512 * 1024 * 1024  # decompressed: a file is read whole, a small .gz may hold a flood
SMALL_FILE_SIZE_MAX_BYTES = 4 * 1024 * 1024  # settings, tokens, certificates

# -- traces (docs/replay.md) ------------------------------------------------------------------------------
TRACE_FILES_PER_ARCHIVE_COUNT_MAX = 100_000
TRACE_SPAN_MAX_M = 100_000  # from its anchor: what a plane may hold
TRACE_SPEED_MAX_CM_PER_S = SPEED_MAX_CM_PER_S
PLACE_LATITUDE_MAX_E7 = 800_000_000  # nearer to a pole, metres east are not degrees of longitude any more

# -- transport ---------------------------------------------------------------------------------------------
DATA_MESSAGE_SIZE_MAX_BYTES = 64 * 1024
CONTROL_MESSAGE_SIZE_MAX_BYTES = 4 * 1024 * 1024
METADATA_SIZE_MAX_BYTES = 8 * 1024
STREAMS_PER_DEVICE_COUNT_MAX = 4
STREAMS_PER_CONNECTION_COUNT_MAX = 256
STREAM_QUEUE_ROW_COUNT_MAX = 4_096
ADMISSION_QUEUE_ROW_COUNT_MAX = 65_536
ADMISSION_QUEUE_SIZE_MAX_BYTES = 32 * 1024 * 1024  # rows, and what a message weighs around them
ADMISSION_MESSAGE_OVERHEAD_BYTES = 512
DECISION_BUDGET_DEFAULT_MS = 50
TOKEN_LENGTH_MAX = 4_096

# -- callers (docs/security.md) -----------------------------------------------------------------------------
TOKEN_LEEWAY_MAX_S = 60  # how far the clock of whoever issues tokens may be off
TOKEN_LIFETIME_MAX_S = 366 * 86_400
TOKEN_KEY_COUNT_MAX = 16
STORES_PER_TOKEN_COUNT_MAX = 64
STREAMS_PER_SUBJECT_COUNT_MAX = 8_192  # of a gateway or operator, over all its connections
QUOTA_SUBJECT_COUNT_MAX = 65_536  # identities whose rate is remembered at once
CONNECTION_AGE_MAX_MS = 3_600_000  # then it is told to go, and its streams come back on another

# -- overload (docs/overload.md computes what they weigh) ---------------------------------------------------
CALL_COUNT_MAX = 256  # worked on at once, of a port, pings excepted
CALLS_SIZE_MAX_BYTES = 64 * 1024 * 1024  # of the requests of all of them
CALL_RESERVE_COUNT = 64  # beyond both, for withdrawals and erasures alone
PING_CALL_COUNT_MAX = 16_384  # open ping streams and IngestPings calls
HELD_OFFER_COUNT_MAX = 8_192  # decided, not durable yet
JOURNAL_PENDING_RECORD_COUNT_MAX = 65_536
JOURNAL_PENDING_AGE_MAX_MS = 2_000

# -- request ids (docs/requests.md) --------------------------------------------------------------------------
REQUEST_RETENTION_MS = 14 * 86_400_000  # a ceiling (privacy M7)
REQUESTS_PER_PARTITION_COUNT_MAX = 1_024
REQUESTS_OF_CATALOG_COUNT_MAX = 10_000
REQUESTS_PER_PARTITION_SIZE_MAX_BYTES = 1024 * 1024
REQUESTS_OF_CATALOG_SIZE_MAX_BYTES = 32 * 1024 * 1024

assert CAP_WINDOW_MAX_MS < CONTACT_RETENTION_MS
assert DECISION_RETENTION_MS <= DECISION_RETENTION_MAX_MS
assert FENCE_OVERLAP_COUNT_DEFAULT <= FENCE_OVERLAP_COUNT_MAX
assert FENCE_FIX_COUNT_MAX <= FIX_COUNT_MAX
assert PING_BATCH_ROW_COUNT_MAX <= STREAM_QUEUE_ROW_COUNT_MAX <= ADMISSION_QUEUE_ROW_COUNT_MAX
# a full column batch (5 columns of 8 bytes, 4 of 4) fits into one message
assert PING_BATCH_ROW_COUNT_MAX * 56 < DATA_MESSAGE_SIZE_MAX_BYTES
# orientation of a part's own frame stays in int64: 2 * span^2 (semantics G3)
assert 2 * (2 * FENCE_PART_SPAN_MAX_E7) ** 2 < 2**63
