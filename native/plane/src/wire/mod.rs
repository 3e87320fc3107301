//! The bytes of `PingService`: requests to rows, outcomes to answers, refusals to trailers.
//!
//! `geooffer/rpc/{codec,answers,status}.py` are the oracle: what they take, refuse and write, this takes, refuses and
//! writes, byte for byte (tests/rpc/test_native_codec.py compares them, native/fuzz feeds this alone). The few fields
//! are read and written by hand: a ping costs no allocation, and a column is read where it lies in its message.

pub mod answers;
mod batch;
pub mod decode;
pub mod drafts;
pub mod names;
mod next_ping;
mod ping;
pub mod probe;
mod reader;
mod ready;
pub mod status;
mod writer;
