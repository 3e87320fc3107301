//! How many connections the plane takes: as many as leave the process files to work with (rpc/open_files.py).

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Counts of the whole plane, shared by the accept thread and all workers.
pub struct ConnectionBounds {
    count_max: usize,
    waiting_count_max: usize,
    open: AtomicUsize,
    waiting: AtomicUsize,
}

impl ConnectionBounds {
    /// `count_max` in all; of them `waiting_count_max` that have not said yet that they speak HTTP/2.
    #[must_use]
    pub fn new(count_max: usize, waiting_count_max: usize) -> Arc<Self> {
        Arc::new(Self { count_max, waiting_count_max, open: AtomicUsize::new(0), waiting: AtomicUsize::new(0) })
    }

    /// Room for one more; None: hang up on it. The room is free again when the permit is dropped.
    #[must_use]
    pub fn enter(self: &Arc<Self>) -> Option<Permit> {
        let mut permit = Permit { bounds: Arc::clone(self), is_open: false, is_waiting: false };
        permit.is_open = add_below(&self.open, self.count_max);
        permit.is_waiting = permit.is_open && add_below(&self.waiting, self.waiting_count_max);
        permit.is_waiting.then_some(permit)
    }

    /// Connections that are open.
    #[must_use]
    pub fn open_count(&self) -> usize {
        self.open.load(Ordering::Relaxed)
    }
}

/// Adds one, unless there are as many as there may be.
fn add_below(count: &AtomicUsize, max: usize) -> bool {
    count.fetch_update(Ordering::AcqRel, Ordering::Relaxed, |count| (count < max).then_some(count + 1)).is_ok()
}

/// A connection's place; goes with it from the accept thread to its worker.
pub struct Permit {
    bounds: Arc<ConnectionBounds>,
    is_open: bool,
    is_waiting: bool,
}

impl Permit {
    /// Its preface (and TLS before it) was good: it waits no longer.
    pub fn greeted(&mut self) {
        if std::mem::take(&mut self.is_waiting) {
            self.bounds.waiting.fetch_sub(1, Ordering::AcqRel);
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.greeted();
        if self.is_open {
            self.bounds.open.fetch_sub(1, Ordering::AcqRel);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_room_again_when_some_go() {
        let bounds = ConnectionBounds::new(3, 2);
        let (mut first, second) = (bounds.enter().unwrap(), bounds.enter().unwrap());
        assert!(bounds.enter().is_none(), "two wait");
        assert_eq!(bounds.open_count(), 2);
        first.greeted();
        first.greeted();
        let third = bounds.enter().unwrap();
        assert!(bounds.enter().is_none(), "three are open");
        drop((first, second, third));
        assert_eq!((bounds.open_count(), bounds.waiting.load(Ordering::Relaxed)), (0, 0));
    }

    #[test]
    fn many_threads_never_take_more() {
        let bounds = ConnectionBounds::new(8, 8);
        let threads: Vec<_> = (0..4)
            .map(|_| {
                let bounds = Arc::clone(&bounds);
                std::thread::spawn(move || {
                    for _ in 0..10_000 {
                        let permits: Vec<_> = (0..4).filter_map(|_| bounds.enter()).collect();
                        assert!(bounds.open_count() <= 8);
                        drop(permits);
                    }
                })
            })
            .collect();
        for thread in threads {
            thread.join().unwrap();
        }
        assert_eq!(bounds.open_count(), 0);
    }
}
