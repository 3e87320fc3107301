//! Bounds and times of connections, and the sockets they are served over.

mod bounds;
mod frames;
mod keeper;
mod peer;

pub use bounds::{ConnectionBounds, Permit};
pub use frames::FrameBudget;
pub use keeper::{Call, Calls, ConnectionTimes, Keep, Keeper};
pub use peer::{Activity, PeerStream};
