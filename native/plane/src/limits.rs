//! Bounds of the plane, by the names of `geooffer/model/limits.py`; a test over there holds the two together.

/// Of a batch message, and of a gathered batch.
pub const PING_BATCH_ROW_COUNT_MAX: usize = 1_024;
/// Of a message on the data port.
pub const DATA_MESSAGE_SIZE_MAX_BYTES: usize = 64 * 1024;
/// Of all headers of a call.
pub const METADATA_SIZE_MAX_BYTES: usize = 8 * 1024;
/// Undecided rows of one stream; it is not read on beyond.
pub const STREAM_QUEUE_ROW_COUNT_MAX: usize = 4_096;
/// Undecided rows of one worker; the oldest are shed beyond.
pub const ADMISSION_QUEUE_ROW_COUNT_MAX: usize = 65_536;
/// Where a ping names no budget.
pub const DECISION_BUDGET_DEFAULT_MS: i64 = 50;
/// A longer one makes its row malformed.
pub const DECISION_BUDGET_MAX_MS: i64 = 60_000;
/// Open ping streams and IngestPings calls.
pub const PING_CALL_COUNT_MAX: usize = 16_384;
/// Of a phone, over all its connections.
pub const STREAMS_PER_DEVICE_COUNT_MAX: usize = 4;
/// Of a gateway or operator, over all its connections.
pub const STREAMS_PER_SUBJECT_COUNT_MAX: usize = 8_192;
/// Crossings that wait for the control side, of one worker; beyond, tries are not remembered and nobody wins.
pub const CROSSING_COUNT_MAX: usize = 1_024;
/// Tries of one worker that wait for Python to ask; beyond they are counted only. Some hundred ms of packed batches.
pub const TRIED_COUNT_MAX: usize = 32_768;
/// Of one worker, that wait to be told.
pub const REFUSED_CALL_COUNT_MAX: usize = 256;
/// Messages of one worker that wait for the control side; beyond nobody wins and no hint is given.
pub const HELD_MESSAGE_COUNT_MAX: usize = 16_384;
/// Replies without a message (transitions of sweeps) that wait for one worker; beyond they are dropped and counted.
pub const TOLD_COUNT_MAX: usize = 65_536;
/// Answers of a stream that wait to be sent; it is not read on beyond.
pub const UNSENT_DRAFT_COUNT_MAX: usize = 8;
/// With more rows waiting, streams are read on one message at a time. Some milliseconds of work: with 2,048 a thousand
/// phones that send eight at once were answered twice each (`direct8`: 0.50 of the echo; so 0.86).
pub const LONG_QUEUE_ROW_COUNT: usize = 16 * PING_BATCH_ROW_COUNT_MAX;
/// New sockets that wait for one worker.
pub const WAITING_SOCKET_COUNT_MAX: usize = 1_024;
/// Winners that one batch may have.
pub const BATCH_WINNER_COUNT_MAX: usize = 256;
/// Devices of one message whose hints are made for certain: so many fences of the most corners are as much as
/// `HINT_EDGE_COUNT_MAX` of `geooffer/engine/hints.py` has one call ask.
pub const HINT_ROW_COUNT_MAX: usize = 40;
/// Rows whose hints are made in one section of the engine's lock.
pub const HINT_SECTION_ROW_COUNT: usize = 8;
/// Of making hints of one batch; the rest is made by the control side.
pub const HINT_TIME_MAX: std::time::Duration = std::time::Duration::from_millis(2);
/// Latitudes, accuracies, ages and times of a row, as in the codec of Python.
pub const LATITUDE_MAX_E7: i32 = 900_000_000;
/// See there.
pub const LONGITUDE_MAX_E7: i32 = 1_800_000_000;
/// See there.
pub const ACCURACY_MAX_CM: i32 = 100_000_000;
/// See there.
pub const FIX_AGE_MAX_MS: i64 = 366 * 86_400_000;
/// See there.
pub const SPEED_MAX_CM_PER_S: i32 = 100_000;
/// 1970.
pub const TIME_MIN_MS: i64 = 0;
/// 2100-01-01T00:00:00Z.
pub const TIME_MAX_MS: i64 = 4_102_444_800_000;
/// Of a token, in characters.
pub const TOKEN_LENGTH_MAX: usize = 4_096;
/// Of a subject or store id, in characters.
pub const ID_LENGTH_MAX: usize = 128;
/// How far the clock of whoever issues tokens may be off.
pub const TOKEN_LEEWAY_MAX_S: f64 = 60.0;
/// From `iat` to `exp`.
pub const TOKEN_LIFETIME_MAX_S: f64 = 366.0 * 86_400.0;
/// Of a ring.
pub const TOKEN_KEY_COUNT_MAX: usize = 16;
/// Of a store's token.
pub const STORES_PER_TOKEN_COUNT_MAX: usize = 64;
/// Identities whose rate is remembered at once.
pub const QUOTA_SUBJECT_COUNT_MAX: usize = 65_536;
