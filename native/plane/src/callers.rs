//! How many streams are open, in all and of each caller, over all workers.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Mutex, PoisonError};

use crate::call::PingMethod;
use crate::identity::{Identity, Role};
use crate::limits::{PING_CALL_COUNT_MAX, STREAMS_PER_DEVICE_COUNT_MAX, STREAMS_PER_SUBJECT_COUNT_MAX};
use crate::refusal::{Code, Refusal};

#[derive(Default)]
struct Counts {
    open_count: usize,
    streams_of: HashMap<(Role, String), usize>,
}

/// One for all workers; asked when streams open and close only.
#[derive(Default)]
pub(crate) struct Callers {
    counts: Mutex<Counts>,
}

impl Callers {
    /// Whether another call may be open at all. UNAVAILABLE where too many are.
    pub(crate) fn enter(&self) -> Result<(), Refusal> {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if counts.open_count >= PING_CALL_COUNT_MAX {
            return Err(Refusal::new(Code::Unavailable, "OVERLOADED", "too many open streams; retry"));
        }
        counts.open_count += 1;
        Ok(())
    }

    /// Whether this caller may have another stream; IngestPings is none. RESOURCE_EXHAUSTED where it has too many.
    pub(crate) fn enter_stream(&self, method: PingMethod, identity: &Identity) -> Result<(), Refusal> {
        if method == PingMethod::Ingest {
            return Ok(());
        }
        let is_device = identity.sender.own_key != 0;
        let count_max = if is_device { STREAMS_PER_DEVICE_COUNT_MAX } else { STREAMS_PER_SUBJECT_COUNT_MAX };
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.streams_of.entry((identity.role, identity.subject.clone())).or_default();
        if *count >= count_max {
            let text = format!("a {} has at most {count_max} streams", name_of(identity.role));
            return Err(Refusal::new(Code::ResourceExhausted, "LIMIT_EXCEEDED", text));
        }
        *count += 1;
        Ok(())
    }

    /// The call that `enter` let in is over.
    pub(crate) fn leave(&self) {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner).open_count -= 1;
    }

    /// The stream that `enter_stream` let in is over.
    pub(crate) fn leave_stream(&self, method: PingMethod, role: Role, subject: &str) {
        if method == PingMethod::Ingest {
            return;
        }
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Entry::Occupied(mut entry) = counts.streams_of.entry((role, subject.to_owned())) {
            *entry.get_mut() -= 1;
            if *entry.get() == 0 {
                entry.remove();
            }
        }
    }
}

/// As tokens spell it.
fn name_of(role: Role) -> &'static str {
    match role {
        Role::Device => "device",
        Role::Gateway => "gateway",
        Role::Operator => "operator",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::Sender;

    #[test]
    fn a_device_has_four_streams() {
        let callers = Callers::default();
        let sender = Sender { own_key: 7, key_ranges: Vec::new() };
        let device = Identity { role: Role::Device, subject: "7".into(), sender, expires_at_s: 0.0 };
        for _ in 0..4 {
            callers.enter_stream(PingMethod::Stream, &device).unwrap();
        }
        let refusal = callers.enter_stream(PingMethod::Stream, &device).unwrap_err();
        assert_eq!((refusal.reason, &refusal.message[..]), ("LIMIT_EXCEEDED", "a device has at most 4 streams"));
        callers.enter_stream(PingMethod::Ingest, &device).unwrap();
        for _ in 0..4 {
            callers.leave_stream(PingMethod::Stream, Role::Device, "7");
        }
        assert!(callers.counts.lock().unwrap().streams_of.is_empty());
    }
}
