//! The one module with unsafe code: calls through addresses that Python gives, and rows seen as bytes.

#![allow(unsafe_code)]

use geooffer_plane::rows::{HintRow, PingRow, TransitionRow, TryRow, WinnerRow};

type DecideFn = unsafe extern "C" fn(*const i64, *mut PingRow, *const i64, i64, i64, i64, *mut u8, *mut i64) -> i64;
type MaySendFn = unsafe extern "C" fn(*const i64, i64, i64, i64, i64) -> i64;

type HintFn = unsafe extern "C" fn(*const i64, *const PingRow, i64, *mut HintRow, *mut u64, i64) -> i64;

/// What a Join tells, all as addresses: three C functions, the context they read, and the two numbers of hint_rules.
#[derive(Clone, Copy)]
pub struct Addresses {
    /// Decides rows.
    pub decide: usize,
    /// The send gate.
    pub may_send: usize,
    /// Makes hints.
    pub hint: usize,
    /// int64 cells.
    pub context: usize,
    /// int64: accuracy_max_cm, future_tolerance_ms.
    pub hint_rules: usize,
}

/// The compiled matcher of `geooffer.engine.join.Join`.
#[derive(Clone, Copy)]
pub struct Entry {
    decide: DecideFn,
    may_send: MaySendFn,
    hint: HintFn,
    context: usize,
    hint_rules: usize,
}

impl Entry {
    /// From the addresses that a Join tells; None where one is 0.
    ///
    /// # Safety
    /// The first three have to be addresses of C functions with the signatures above that neither raise nor unwind, and
    /// `context` and `hint_rules` those of the arrays that [`Addresses`] says; all have to live for as long as this value
    /// or a copy is used ([`crate::plane::Plane`] keeps the Join until all workers are joined).
    pub unsafe fn new(at: Addresses) -> Option<Self> {
        if [at.decide, at.may_send, at.hint, at.context, at.hint_rules].contains(&0) {
            return None;
        }
        // SAFETY: the caller says that these are addresses of functions of these types; a function pointer has the size
        // of usize, and 0 was ruled out.
        let (decide, may_send, hint) = unsafe {
            (
                std::mem::transmute::<*const (), DecideFn>(at.decide as *const ()),
                std::mem::transmute::<*const (), MaySendFn>(at.may_send as *const ()),
                std::mem::transmute::<*const (), HintFn>(at.hint as *const ()),
            )
        };
        Some(Self { decide, may_send, hint, context: at.context, hint_rules: at.hint_rules })
    }

    /// Decide rows; returns how many were decided, or −1. To be called inside the engine's lock.
    ///
    /// The three slices have the length of `pings`, and `buffers` hold what `call` tells of them (both are checked).
    pub fn decide(
        &self,
        pings: &mut [PingRow],
        ages_ms: &[i64],
        real_now_ms: i64,
        winner_count_max: i64,
        verdicts: &mut [u8],
        buffers: &mut Buffers,
    ) -> i64 {
        let count = pings.len();
        let Ok(n) = i64::try_from(count) else { return -1 };
        if ages_ms.len() != count || verdicts.len() != count || !buffers.fit(count) {
            return -1;
        }
        let call = buffers.call_of_this();
        let context = self.context as *const i64;
        // SAFETY: the function has this signature and the context lives (see `new`). It reads `count` ages, reads and
        // writes `count` pings and verdicts, which the slices have, as was checked; it writes into `call` (24 cells) and
        // into the buffers whose addresses and lengths `call` holds: `call_of_this` took both from vectors that
        // `buffers` owns and that nobody touches before this call is over, since we hold them by a unique reference.
        unsafe {
            (self.decide)(
                context,
                pings.as_mut_ptr(),
                ages_ms.as_ptr(),
                n,
                real_now_ms,
                winner_count_max,
                verdicts.as_mut_ptr(),
                call.as_mut_ptr(),
            )
        }
    }

    /// Whether this person may be sent an offer now. To be called inside the engine's lock.
    pub fn may_send(&self, person_slot: i64, person_key: i64, consent_epoch: i64, policy_version: i64) -> bool {
        let context = self.context as *const i64;
        // SAFETY: the function has this signature and the context lives (see `new`); it takes no other address.
        unsafe { (self.may_send)(context, person_slot, person_key, consent_epoch, policy_version) == 1 }
    }

    /// The two numbers of the Join's `hint_rules`. To be called inside the engine's lock.
    pub fn hint_rules(&self) -> [i64; 2] {
        // SAFETY: the address is that of two int64, aligned as NumPy allocates them, which live (see `new`) and are only
        // written inside the engine's lock.
        unsafe { std::ptr::read(self.hint_rules as *const [i64; 2]) }
    }

    /// Append a hint for each of `pings`, rows as decided; false, and nothing is appended, where hints are not known (or
    /// the call is refused as misuse). To be called inside the engine's lock.
    pub fn hint(&self, pings: &[PingRow], hints: &mut Vec<HintRow>, workspace: &mut Vec<u64>) -> bool {
        let (count, first) = (pings.len(), hints.len());
        workspace.resize(HINT_WORKSPACE_ROW_BYTES / 8 * count, 0);
        hints.resize(first + count, HintRow::default());
        let bytes = i64::try_from(size_of_val(workspace.as_slice()));
        let (Ok(n), Ok(bytes)) = (i64::try_from(count), bytes) else { return false };
        let context = self.context as *const i64;
        let into = hints[first..].as_mut_ptr();
        // SAFETY: the function has this signature and the context lives (see `new`). It reads `count` pings, writes as many
        // hints, of which `into` has room, and uses `bytes` bytes of workspace, which the vector has; all three are held by
        // references while it runs, and nobody else has the mutable ones.
        let told = unsafe { (self.hint)(context, pings.as_ptr(), n, into, workspace.as_mut_ptr(), bytes) };
        if told != n {
            hints.truncate(first);
        }
        told == n
    }
}

/// Rows of one call.
const TRANSITION_CAPACITY: usize = 8_192;
const TRY_CAPACITY: usize = 4_096;
const WINNER_CAPACITY: usize = 1_024;
const HIT_CAPACITY: usize = 65_536;
/// Bytes of workspace: so many, and so many more for each row.
const WORKSPACE_BASE_BYTES: usize = 512;
const WORKSPACE_ROW_BYTES: usize = 24;
/// `HINT_WORKSPACE_BYTES_PER_ROW` of `geooffer/model/context.py`.
const HINT_WORKSPACE_ROW_BYTES: usize = 80;

/// Cells of a call, by their numbers in the contract of `geooffer/kernels/join.py`.
mod cell {
    pub const REASON: usize = 0;
    pub const TRANSITION_COUNT: usize = 1;
    pub const TRY_COUNT: usize = 2;
    pub const WINNER_COUNT: usize = 3;
    pub const CATALOG_GENERATION: usize = 4;
    pub const CONTEXT_NUMBER: usize = 5;
    pub const FUTURE_TOLERANCE_MS: usize = 6;
    pub const FIRST_BUFFER: usize = 8;
    pub const COUNT: usize = 24;
}

/// What a worker's calls write into: made once, never moved, one owner.
pub struct Buffers {
    call: [i64; cell::COUNT],
    transitions: Vec<TransitionRow>,
    tries: Vec<TryRow>,
    winners: Vec<WinnerRow>,
    hits: Vec<i32>,
    /// In units of 8 bytes: it has to be aligned.
    workspace: Vec<u64>,
}

impl Buffers {
    /// For calls of up to `row_count_max` rows.
    pub fn new(row_count_max: usize) -> Self {
        let workspace_bytes = WORKSPACE_BASE_BYTES + WORKSPACE_ROW_BYTES * row_count_max;
        Self {
            call: [0; cell::COUNT],
            transitions: vec![TransitionRow::default(); TRANSITION_CAPACITY],
            tries: vec![TryRow::default(); TRY_CAPACITY],
            winners: vec![WinnerRow::default(); WINNER_CAPACITY],
            hits: vec![0; HIT_CAPACITY],
            workspace: vec![0; workspace_bytes.div_ceil(8)],
        }
    }

    /// Whether the workspace is enough for a call of so many rows.
    fn fit(&self, row_count: usize) -> bool {
        WORKSPACE_BASE_BYTES + WORKSPACE_ROW_BYTES * row_count <= size_of_val(self.workspace.as_slice())
    }

    /// The cells of a call, with the addresses and lengths of the buffers.
    fn call_of_this(&mut self) -> &mut [i64; cell::COUNT] {
        let buffers = [
            (self.transitions.as_mut_ptr() as usize, self.transitions.len()),
            (self.tries.as_mut_ptr() as usize, self.tries.len()),
            (self.winners.as_mut_ptr() as usize, self.winners.len()),
            (self.hits.as_mut_ptr() as usize, self.hits.len()),
            (self.workspace.as_mut_ptr() as usize, size_of_val(self.workspace.as_slice())),
        ];
        self.call.fill(0);
        for (pair, (address, length)) in self.call[cell::FIRST_BUFFER..].chunks_exact_mut(2).zip(buffers) {
            // addresses of a process have fewer than 63 bits; 0 would be refused as misuse
            pair[0] = i64::try_from(address).unwrap_or(0);
            pair[1] = i64::try_from(length).unwrap_or(0);
        }
        &mut self.call
    }

    fn count(&self, index: usize, capacity: usize) -> usize {
        usize::try_from(self.call[index]).unwrap_or(0).min(capacity)
    }

    /// Why the latest call did not decide all rows; 0 = it did.
    pub fn reason(&self) -> i64 {
        self.call[cell::REASON]
    }

    /// Of the latest call.
    pub fn transitions(&mut self) -> &mut [TransitionRow] {
        let count = self.count(cell::TRANSITION_COUNT, TRANSITION_CAPACITY);
        &mut self.transitions[..count]
    }

    /// Of the latest call.
    pub fn tries(&mut self) -> &mut [TryRow] {
        let count = self.count(cell::TRY_COUNT, TRY_CAPACITY);
        &mut self.tries[..count]
    }

    /// Of the latest call.
    pub fn winners(&mut self) -> &mut [WinnerRow] {
        let count = self.count(cell::WINNER_COUNT, WINNER_CAPACITY);
        &mut self.winners[..count]
    }

    /// The catalog of the latest call.
    pub fn catalog_generation(&self) -> i64 {
        self.call[cell::CATALOG_GENERATION]
    }

    /// The context of the latest call.
    pub fn context_number(&self) -> i64 {
        self.call[cell::CONTEXT_NUMBER]
    }

    /// The policy's, of the latest call.
    pub fn future_tolerance_ms(&self) -> i64 {
        self.call[cell::FUTURE_TOLERANCE_MS]
    }
}

/// Rows of integers without padding: all their bytes are set, and all values of bytes are rows.
///
/// # Safety
/// Only for `repr(C)` types whose fields are integers and fill the type wholly.
pub unsafe trait PlainRow: Copy + Default {}

// SAFETY: repr(C), integers only; its explicit `pad` makes it 64 bytes, as rows.rs asserts: 5 × 8 + 5 × 4 + 1 + 3.
unsafe impl PlainRow for PingRow {}
// SAFETY: repr(C), integers only, 2 × 8 + 3 × 4 + 4 × 1 = 32 bytes, as rows.rs asserts.
unsafe impl PlainRow for TransitionRow {}
// SAFETY: repr(C), integers only, 8 + 5 × 4 + 1 + 3 = 32 bytes, as rows.rs asserts.
unsafe impl PlainRow for TryRow {}
// SAFETY: an array of bytes, whose length is a multiple of its alignment.
unsafe impl PlainRow for WinnerRow {}

/// The bytes of rows.
pub fn bytes_of<T: PlainRow>(rows: &[T]) -> &[u8] {
    // SAFETY: a PlainRow has no padding, so all these bytes are initialised; u8 needs no alignment, and the slice
    // lives as long as the rows do.
    unsafe { std::slice::from_raw_parts(rows.as_ptr().cast::<u8>(), size_of_val(rows)) }
}

/// Rows of bytes; None where they are no whole number of rows.
pub fn rows_of<T: PlainRow>(bytes: &[u8]) -> Option<Vec<T>> {
    if bytes.len() % size_of::<T>() != 0 {
        return None;
    }
    let mut rows = vec![T::default(); bytes.len() / size_of::<T>()];
    // SAFETY: `rows` has exactly as many bytes as `bytes`, they do not overlap (it was allocated now), and every value of
    // bytes is a PlainRow.
    unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), rows.as_mut_ptr().cast::<u8>(), bytes.len()) };
    Some(rows)
}
