//! The native data plane: phones and gateways in, gathered batches to the matcher, answers out. No Python here.
//!
//! ```text
//!  accept thread ──socket──► worker (one thread, one current_thread runtime, pinned)
//!                              connection ─► stream ─► decode ─► columns ─┐
//!                                                     flusher ◄───────────┘  one matcher call per gathered batch
//!                              stream ◄── answers ◄── outcome
//!                                                        └─► winners, tries: crossings ─► control side (Python)
//! ```
//!
//! The GIL never stands on this path. What only Python can do (committing winners, telling operators of tries, renewing
//! opening hours) crosses in batches through [`control`]; a ping without any of it never waits for Python.

#![forbid(unsafe_code)]

mod admission;
mod call;
mod callers;
pub mod clock;
mod connection;
pub mod connections;
pub mod control;
pub mod counters;
mod distribution;
mod echo;
pub mod framing;
mod gather;
mod hints;
mod hold;
pub mod identity;
mod inbox;
mod intake;
pub mod limits;
mod listener;
pub mod matcher;
mod outbox;
pub mod plane;
pub mod proxy;
pub mod quotas;
mod reading;
pub mod refusal;
mod respond;
pub mod rows;
mod sending;
pub mod settings;
mod streams;
pub mod tls;
pub mod tokens;
pub mod wire;
mod worker;
