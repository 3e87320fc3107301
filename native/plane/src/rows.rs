//! The rows that cross between plane, kernels and Python: layouts of `geooffer/model/columns.py`, byte by byte.

/// A PING row. `fix_time_ms` is `NEVER_MS` where the fix is told by its age.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PingRow {
    /// Whose it is; 0 = not named.
    pub device_key: i64,
    /// Scope of `sequence`.
    pub session_id: i64,
    /// 0 = not given.
    pub sequence: i64,
    /// Milliseconds since 1970, or `NEVER_MS`: then the matcher sets now − age.
    pub fix_time_ms: i64,
    /// Set by the matcher, when the row is decided.
    pub now_ms: i64,
    /// Degrees × 10⁷.
    pub latitude_e7: i32,
    /// Degrees × 10⁷.
    pub longitude_e7: i32,
    /// 0 = unknown.
    pub accuracy_cm: i32,
    /// Where transitions of later sweeps are told; 0 = nowhere.
    pub stream_number: i32,
    /// As the phone reports it; −1 = not reported.
    pub speed_cm_per_s: i32,
    /// 1 = the decoder refused the row.
    pub malformed: u8,
    /// Zero.
    pub pad: [u8; 3],
}

/// A TRANSITION row.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TransitionRow {
    /// Whose.
    pub device_key: i64,
    /// When it happened, in milliseconds since 1970.
    pub event_time_ms: i64,
    /// Of the batch; −1 = from a sweep.
    pub row: i32,
    /// Its id is found in the names.
    pub fence_number: i32,
    /// Of the last ping's stream.
    pub stream_number: i32,
    /// TransitionKind of the proto.
    pub kind: u8,
    /// TransitionCause of the proto.
    pub cause: u8,
    /// 1 = of a fix too old to act upon.
    pub historical: u8,
    /// Zero.
    pub pad: u8,
}

/// A TRY row.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TryRow {
    /// Milliseconds since 1970.
    pub time_ms: i64,
    /// Of the batch.
    pub row: i32,
    /// Where.
    pub fence_number: i32,
    /// Whose fence.
    pub store_number: i32,
    /// −1 = none matched.
    pub offer_number: i32,
    /// Whose try.
    pub person_slot: i32,
    /// OfferVerdict of the proto.
    pub verdict: u8,
    /// Zero.
    pub pad: [u8; 3],
}

/// A hint as `hint` of `geooffer/kernels/native_entry.py` makes it (`HINT_…` of `geooffer/model/context.py`); the fields are
/// those of `geooffer.v1.NextPing`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct HintRow {
    pub distance_m: i64,
    /// [`HINT_NO_RIM`] = there is nothing to leave.
    pub leave_distance_m: i64,
    pub leave_accuracy_m: i64,
    pub enter_accuracy_m: i64,
    pub latest_ms: i64,
    pub earliest_ms: i64,
    pub speed_cm_per_s: i64,
    pub enter_count: i64,
    pub leave_count: i64,
    pub fences_generation: i64,
    pub assumed_accuracy_m: i64,
    /// Ascending; 0 = no more.
    pub dwell_ms: [i64; 4],
    /// Zero.
    pub pad: i64,
}

/// See [`HintRow::leave_distance_m`].
pub const HINT_NO_RIM: i64 = -(1 << 62);

/// Bytes of a WINNER row, of which the plane reads `row` and nothing else: Python commits it.
pub const WINNER_SIZE_BYTES: usize = 152;
/// Where `row` (int32) lies in a WINNER row.
pub const WINNER_ROW_OFFSET: usize = 48;

/// A WINNER row, opaque.
#[repr(C, align(8))]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WinnerRow(pub [u8; WINNER_SIZE_BYTES]);

impl Default for WinnerRow {
    fn default() -> Self {
        Self([0; WINNER_SIZE_BYTES])
    }
}

impl WinnerRow {
    /// The row of the batch that won.
    #[must_use]
    pub fn row(&self) -> i32 {
        let mut bytes = [0; 4];
        bytes.copy_from_slice(&self.0[WINNER_ROW_OFFSET..WINNER_ROW_OFFSET + 4]);
        i32::from_le_bytes(bytes)
    }
}

/// "No time" of `geooffer/model/tables.py`.
pub const NEVER_MS: i64 = -(1 << 62);

const _: () = assert!(size_of::<PingRow>() == 64);
const _: () = assert!(size_of::<TransitionRow>() == 32);
const _: () = assert!(size_of::<TryRow>() == 32);
const _: () = assert!(size_of::<HintRow>() == 128);
const _: () = assert!(size_of::<WinnerRow>() == WINNER_SIZE_BYTES);
