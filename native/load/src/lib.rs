//! The load generator of `geooffer bench`: a plan as JSON in, what it measured as JSON out.
//!
//! ```text
//!  schedule (fixed before the run) ─► run ─► peer: one task per connection, all its streams ─► socket
//!                                             link (HTTP/2 frames, no I/O) · messages (from tables) · answers
//!                                             tally: acknowledged, refused by verdict, offers, latencies
//! ```
//!
//! A rival that speaks Redis's protocol is driven from the same tables ([`resp_run`]).
//!
//! One thread. Frames are written and read by this crate itself ([`link`]), because a general client costs as much a ping
//! as the server under test, and a generator that is the bottleneck measures itself: what of the protocol a client of
//! one server needs is little. Latency counts from the time a message was *meant* to leave: a slow service cannot slow
//! the measuring (no coordinated omission).

#![forbid(unsafe_code)]

pub mod answers;
pub mod frames;
pub mod headers;
pub mod link;
pub mod mark;
pub mod messages;
pub mod peer;
pub mod plan;
pub mod processor;
pub mod report;
pub mod resp;
pub mod resp_run;
pub mod run;
pub mod schedule;
pub mod takers;
pub mod tally;
pub mod trace;
pub mod transport;
pub mod world;

use std::fmt;

/// Why there is nothing to report. What went wrong with single streams is in the report instead.
#[derive(Debug)]
pub enum LoadError {
    /// The plan is not one.
    Plan(String),
    /// A connection could not be made, or the run could not begin.
    Start(String),
}

impl fmt::Display for LoadError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plan(text) => write!(formatter, "plan: {text}"),
            Self::Start(text) => write!(formatter, "start: {text}"),
        }
    }
}

impl std::error::Error for LoadError {}

/// Run a plan ([`plan::Plan`] as JSON) in the calling thread and report ([`report::Report`] as JSON).
///
/// # Errors
/// The plan cannot be read, or a connection cannot be made.
pub fn run_load(plan_json: &str) -> Result<String, LoadError> {
    let plan = plan::Plan::from_json(plan_json)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| LoadError::Start(error.to_string()))?;
    let tasks = tokio::task::LocalSet::new();
    let report = match plan.protocol {
        plan::Protocol::Grpc => tasks.block_on(&runtime, run::run(plan))?,
        plan::Protocol::Resp => tasks.block_on(&runtime, resp_run::run(plan))?,
    };
    serde_json::to_string(&report).map_err(|error| LoadError::Start(error.to_string()))
}
