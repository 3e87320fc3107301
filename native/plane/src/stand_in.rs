//! What stands in for pieces of other rooms until they land: connections/, tokens/, wire/.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use http::{HeaderMap, HeaderValue};

use crate::identity::Identity;
use crate::refusal::Refusal;

/// Verifies the caller of a call by its headers.
pub type Identify = Arc<dyn Fn(&HeaderMap) -> Result<Identity, Refusal> + Send + Sync>;

/// Bounds the connections of the plane.
#[derive(Debug)]
pub struct ConnectionBounds {
    count_max: usize,
    count: AtomicUsize,
}

impl ConnectionBounds {
    /// At most `count_max` at once.
    #[must_use]
    pub fn new(count_max: usize) -> Arc<Self> {
        Arc::new(Self { count_max, count: AtomicUsize::new(0) })
    }

    /// One more, if there is room.
    pub fn enter(self: &Arc<Self>) -> Option<Permit> {
        if self.count.fetch_add(1, Ordering::AcqRel) >= self.count_max {
            self.count.fetch_sub(1, Ordering::AcqRel);
            return None;
        }
        Some(Permit(Arc::clone(self)))
    }
}

/// Of one connection.
#[derive(Debug)]
pub struct Permit(Arc<ConnectionBounds>);

impl Drop for Permit {
    fn drop(&mut self) {
        self.0.count.fetch_sub(1, Ordering::AcqRel);
    }
}

/// Statuses as trailers.
pub mod status {
    use super::{HeaderMap, HeaderValue, Refusal};

    /// Of a call that went well.
    #[must_use]
    pub fn trailers_ok() -> HeaderMap {
        let mut trailers = HeaderMap::new();
        trailers.insert("grpc-status", HeaderValue::from_static("0"));
        trailers
    }

    /// Of a call that did not.
    #[must_use]
    pub fn trailers(refusal: &Refusal) -> HeaderMap {
        let mut trailers = HeaderMap::new();
        trailers.insert("grpc-status", HeaderValue::from(refusal.code as u16));
        if let Ok(message) = HeaderValue::from_str(&refusal.message) {
            trailers.insert("grpc-message", message);
        }
        trailers
    }
}
