//! The engine's lock: workers take it around one matcher call, Python's loop thread around every mutation of what the
//! matcher reads.
//!
//! Neither side starves the other: a waiting control thread goes before waiting workers, and after it a worker that
//! waited has its turn. The control thread holds the GIL all the time it is inside, also while it waits: workers never
//! need the GIL, so what it waits for always comes.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, ThreadId};

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;

#[derive(Default)]
struct State {
    is_held: bool,
    /// The control thread that is inside, and how often it entered.
    owner: Option<ThreadId>,
    depth: u32,
    control_waiting: u32,
    workers_waiting: u32,
    /// A worker waited while the control thread was inside: it is next.
    is_workers_turn: bool,
}

/// The lock itself; shared by all matchers and the Python object.
#[derive(Default)]
pub struct Lock {
    state: Mutex<State>,
    control: Condvar,
    workers: Condvar,
}

/// A worker's section; left when dropped.
pub struct WorkerSection<'a>(&'a Lock);

impl Lock {
    fn state(&self) -> MutexGuard<'_, State> {
        // nothing in here panics between two writes, so a poisoned state is whole
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Enter as a worker; blocks.
    pub fn enter(&self) -> WorkerSection<'_> {
        let mut state = self.state();
        if state.is_held || state.control_waiting > 0 && !state.is_workers_turn {
            state.workers_waiting += 1;
            while state.is_held || state.control_waiting > 0 && !state.is_workers_turn {
                state = self.workers.wait(state).unwrap_or_else(PoisonError::into_inner);
            }
            state.workers_waiting -= 1;
        }
        state.is_workers_turn = false;
        state.is_held = true;
        WorkerSection(self)
    }

    fn leave(&self) {
        let mut state = self.state();
        state.is_held = false;
        self.wake_next(&state);
    }

    fn wake_next(&self, state: &State) {
        if state.control_waiting > 0 && !state.is_workers_turn {
            self.control.notify_one();
        } else if state.workers_waiting > 0 {
            self.workers.notify_one();
        }
    }

    /// Enter as the control thread; blocks, unless it is inside already. Returns how deep it is now.
    fn enter_control(&self) -> u32 {
        let me = thread::current().id();
        let mut state = self.state();
        if state.owner == Some(me) {
            state.depth += 1;
            return state.depth;
        }
        state.control_waiting += 1;
        while state.is_held || state.is_workers_turn && state.workers_waiting > 0 {
            state = self.control.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.control_waiting -= 1;
        state.is_held = true;
        state.owner = Some(me);
        state.depth = 1;
        1
    }

    /// Leave as the control thread; false where it is not inside.
    fn leave_control(&self) -> bool {
        let mut state = self.state();
        if state.owner != Some(thread::current().id()) {
            return false;
        }
        state.depth -= 1;
        if state.depth == 0 {
            state.owner = None;
            state.is_held = false;
            state.is_workers_turn = state.workers_waiting > 0;
            self.wake_next(&state);
        }
        true
    }
}

impl Drop for WorkerSection<'_> {
    fn drop(&mut self) {
        self.0.leave();
    }
}

/// See the module's documentation; in Python a context manager, reentrant for the thread that is inside.
#[pyclass(frozen)]
pub struct EngineLock {
    lock: Arc<Lock>,
}

impl EngineLock {
    /// For matchers.
    pub fn shared(&self) -> Arc<Lock> {
        Arc::clone(&self.lock)
    }
}

#[pymethods]
impl EngineLock {
    #[new]
    fn new() -> Self {
        Self { lock: Arc::default() }
    }

    fn acquire(&self, py: Python<'_>) {
        // whoever asked for the GIL gets it now and not in the middle: the section begins with a slice of its own
        py.detach(|| {});
        self.lock.enter_control();
    }

    fn release(&self) -> PyResult<()> {
        if self.lock.leave_control() {
            return Ok(());
        }
        Err(PyRuntimeError::new_err("the engine's lock is not held by this thread"))
    }

    fn __enter__(slf: Bound<'_, Self>) -> Bound<'_, Self> {
        slf.get().acquire(slf.py());
        slf
    }

    fn __exit__(
        &self,
        _kind: &Bound<'_, PyAny>,
        _error: &Bound<'_, PyAny>,
        _trace: &Bound<'_, PyAny>,
    ) -> PyResult<bool> {
        self.release().map(|()| false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU32, Ordering};

    /// Two counters that differ only inside a section.
    #[derive(Default)]
    struct Pair(AtomicU32, AtomicU32);

    impl Pair {
        fn grow(&self) {
            let before = self.0.load(Ordering::Relaxed);
            assert_eq!(before, self.1.load(Ordering::Relaxed));
            self.0.store(before + 1, Ordering::Relaxed);
            thread::yield_now();
            self.1.store(before + 1, Ordering::Relaxed);
        }
    }

    #[test]
    fn one_is_inside_at_a_time_and_all_get_in() {
        let (lock, pair) = (Arc::new(Lock::default()), Arc::new(Pair::default()));
        let workers: Vec<_> = (0..3)
            .map(|_| {
                let (lock, pair) = (Arc::clone(&lock), Arc::clone(&pair));
                thread::spawn(move || {
                    for _ in 0..2_000 {
                        let _section = lock.enter();
                        pair.grow();
                    }
                })
            })
            .collect();
        for _ in 0..2_000 {
            assert_eq!(lock.enter_control(), 1);
            pair.grow();
            assert!(lock.leave_control());
        }
        for worker in workers {
            worker.join().expect("a worker saw two inside");
        }
        assert_eq!(pair.0.load(Ordering::Relaxed), 8_000);
    }

    #[test]
    fn the_control_thread_enters_again_and_a_stranger_cannot_leave() {
        let lock = Lock::default();
        assert_eq!((lock.enter_control(), lock.enter_control()), (1, 2));
        assert!(!thread::scope(|scope| scope.spawn(|| lock.leave_control()).join().expect("no panic")));
        assert!(lock.leave_control() && lock.leave_control());
        assert!(!lock.leave_control());
        drop(lock.enter());
    }
}
