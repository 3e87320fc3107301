//! What other threads tell a worker: new sockets, replies of the control side, drain, fault, stop.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use crate::control::Reply;
use crate::limits::{TOLD_COUNT_MAX, WAITING_SOCKET_COUNT_MAX};
use crate::listener::Arrival;
use crate::refusal::Refusal;

/// All that waits for a worker, taken at once.
#[derive(Default)]
pub(crate) struct Mail {
    pub(crate) arrivals: Vec<Arrival>,
    /// `Settled` and `Decided` are bounded by what the worker sent; `Told` by [`TOLD_COUNT_MAX`].
    pub(crate) replies: Vec<Reply>,
    pub(crate) is_draining: bool,
    pub(crate) fault: Option<Refusal>,
    /// Connections get this long to end.
    pub(crate) stop: Option<Duration>,
    /// `Told` that found no room.
    pub(crate) dropped_count: usize,
    told_count: usize,
}

/// Of one worker.
#[derive(Default)]
pub(crate) struct Inbox {
    mail: Mutex<Mail>,
    wake: Notify,
}

impl Inbox {
    fn mail(&self) -> MutexGuard<'_, Mail> {
        // nothing panics while it is held; if it did, what it holds is whole
        self.mail.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A new connection; gives it back where too many wait.
    pub(crate) fn arrive(&self, arrival: Arrival) -> Result<(), Arrival> {
        {
            let mut mail = self.mail();
            if mail.arrivals.len() >= WAITING_SOCKET_COUNT_MAX || mail.stop.is_some() {
                return Err(arrival);
            }
            mail.arrivals.push(arrival);
        }
        self.wake.notify_one();
        Ok(())
    }

    /// Replies of the control side.
    pub(crate) fn reply(&self, replies: impl IntoIterator<Item = Reply>) {
        {
            let mut mail = self.mail();
            for reply in replies {
                if matches!(reply, Reply::Told { .. }) {
                    if mail.told_count >= TOLD_COUNT_MAX {
                        mail.dropped_count += 1;
                        continue;
                    }
                    mail.told_count += 1;
                }
                mail.replies.push(reply);
            }
        }
        self.wake.notify_one();
    }

    pub(crate) fn drain(&self) {
        self.mail().is_draining = true;
        self.wake.notify_one();
    }

    pub(crate) fn fail(&self, refusal: Refusal) {
        self.mail().fault.get_or_insert(refusal);
        self.wake.notify_one();
    }

    pub(crate) fn stop(&self, grace: Duration) {
        self.mail().stop = Some(grace);
        self.wake.notify_one();
    }

    /// Wait until there is something, and take it.
    pub(crate) async fn next(&self) -> Mail {
        self.wake.notified().await;
        let mut mail = self.mail();
        let (is_draining, fault, stop) = (mail.is_draining, mail.fault.clone(), mail.stop);
        let taken = std::mem::take(&mut *mail);
        // states, not events: they stay
        (mail.is_draining, mail.fault, mail.stop) = (is_draining, fault, stop);
        taken
    }
}
