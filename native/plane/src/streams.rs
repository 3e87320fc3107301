//! The open streams of a worker, by number, and when each has to end.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;
use std::task::{Context, Waker};

use crate::hold::StreamState;
use crate::respond::Sink;

/// A stream, or the single exchange of IngestPings; shared by its task, the queue and the flusher.
pub(crate) struct PingStream {
    pub(crate) number: i32,
    pub(crate) state: RefCell<StreamState>,
    pub(crate) sink: RefCell<Sink>,
    /// The peer is gone: nothing more is told.
    pub(crate) is_gone: Cell<bool>,
    /// The peer's window is shut; its task waits for it.
    pub(crate) is_blocked: Cell<bool>,
    /// Stands among those to be written to.
    pub(crate) is_touched: Cell<bool>,
    waker: RefCell<Option<Waker>>,
}

impl PingStream {
    pub(crate) fn new(number: i32, state: StreamState, sink: Sink) -> Rc<Self> {
        Rc::new(Self {
            number,
            state: RefCell::new(state),
            sink: RefCell::new(sink),
            is_gone: Cell::new(false),
            is_blocked: Cell::new(false),
            is_touched: Cell::new(false),
            waker: RefCell::new(None),
        })
    }

    /// Its task is woken by this context from now on.
    pub(crate) fn set_waker(&self, context: &Context<'_>) {
        let mut waker = self.waker.borrow_mut();
        if waker.as_ref().is_none_or(|waker| !waker.will_wake(context.waker())) {
            *waker = Some(context.waker().clone());
        }
    }

    pub(crate) fn wake(&self) {
        if let Some(waker) = &*self.waker.borrow() {
            waker.wake_by_ref();
        }
    }
}

/// By number. Numbers are ≡ worker (mod workers), never 0, and not used again while open.
pub(crate) struct Streams {
    by_number: HashMap<i32, Rc<PingStream>>,
    step: i32,
    first: i32,
    last: i32,
    /// (plane's clock, number).
    ends: BTreeSet<(i64, i32)>,
}

impl Streams {
    pub(crate) fn new(worker_index: usize, worker_count: usize) -> Self {
        let step = i32::try_from(worker_count).unwrap_or(i32::MAX);
        let index = i32::try_from(worker_index).unwrap_or(0);
        let first = if index == 0 { step } else { index };
        Self { by_number: HashMap::new(), step, first, last: first - step, ends: BTreeSet::new() }
    }

    /// A number nobody has; they come round after 2³¹.
    pub(crate) fn next_number(&mut self) -> i32 {
        loop {
            self.last = self.last.checked_add(self.step).unwrap_or(self.first);
            if !self.by_number.contains_key(&self.last) {
                return self.last;
            }
        }
    }

    pub(crate) fn insert(&mut self, stream: Rc<PingStream>) {
        self.by_number.insert(stream.number, stream);
    }

    pub(crate) fn remove(&mut self, number: i32) {
        self.by_number.remove(&number);
    }

    pub(crate) fn get(&self, number: i32) -> Option<Rc<PingStream>> {
        self.by_number.get(&number).cloned()
    }

    pub(crate) fn all(&self) -> Vec<Rc<PingStream>> {
        self.by_number.values().cloned().collect()
    }

    pub(crate) fn len(&self) -> usize {
        self.by_number.len()
    }

    /// Something ends then; true where nothing ends sooner.
    pub(crate) fn end_at(&mut self, at_ns: i64, number: i32) -> bool {
        self.ends.insert((at_ns, number));
        self.ends.first() == Some(&(at_ns, number))
    }

    pub(crate) fn forget_end(&mut self, at_ns: i64, number: i32) {
        self.ends.remove(&(at_ns, number));
    }

    pub(crate) fn first_end_ns(&self) -> Option<i64> {
        self.ends.first().map(|&(at_ns, _)| at_ns)
    }

    /// One that is over by now.
    pub(crate) fn take_ended(&mut self, now_ns: i64) -> Option<(i64, Rc<PingStream>)> {
        while let Some(&(at_ns, number)) = self.ends.first() {
            if at_ns > now_ns {
                return None;
            }
            self.ends.pop_first();
            if let Some(stream) = self.get(number) {
                return Some((at_ns, stream));
            }
        }
        None
    }
}
