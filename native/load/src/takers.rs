//! Who had the server's core: the scheduler's account of every other thread of the machine, kernel threads too.
//!
//! At the beginning all threads are listed. Then, each time it is asked to (every millisecond), it reads a few of them in
//! turn, and at every time those that were seen to run: a thread of the machine costs the load some 5 µs every 50 ms, one
//! that runs 2 µs every millisecond. What such a thread ran since the last look is laid to the core it is on now.
//!
//! Threads that begin later are not seen. What a thread ran before it was first seen to run is in its sum alone.

use std::fs::{self, File};
use std::os::unix::fs::FileExt;

use serde::Serialize;

use crate::processor::name_of;

/// Threads looked at in turn, each time.
const TURN_COUNT: usize = 5;
/// Threads looked at every time.
const HOT_COUNT_MAX: usize = 8;
/// Running less since the last look is nobody's business.
const HOT_RUN_NS: u64 = 100_000;
const TOLD_COUNT: usize = 3;

/// A thread's account: nanoseconds on a core, and how many times it came to one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Account {
    run_ns: u64,
    turns: u64,
}

impl Account {
    fn read(text: &str) -> Option<Self> {
        let mut numbers = text.split_ascii_whitespace().map(str::parse);
        Some(Self { run_ns: numbers.next()?.ok()?, turns: numbers.nth(1)?.ok()? })
    }
}

struct Thread {
    pid: u32,
    number: u32,
    account: Account,
    /// On the server's core, since the beginning.
    taken_ns: u64,
    stint_ns: u64,
    longest_ns: u64,
    /// Open while it is looked at every time.
    file: Option<File>,
}

/// Time on the server's core, found at a look.
struct Taken {
    time_ns: u64,
    place: usize,
    run_ns: u64,
}

/// Watches.
pub struct Takers {
    server_pid: u32,
    core: Option<u32>,
    threads: Vec<Thread>,
    hot: Vec<usize>,
    next: usize,
    taken: Vec<Taken>,
}

/// One of those that had the server's core longest.
#[derive(Clone, Debug, Serialize, PartialEq)]
pub struct Taker {
    /// As the system calls it.
    pub name: String,
    /// A thread of the server itself, other than the one that answers.
    pub is_of_server: bool,
    /// On the server's core while it was watched.
    pub taken_ms: f64,
    /// The longest it was there at a time, to the scheduler's tick.
    pub longest_ms: f64,
    /// Slow answers of whose time it took more than a quarter.
    pub answer_count: u64,
}

impl Takers {
    /// Nobody.
    #[must_use]
    pub fn none() -> Self {
        Self { server_pid: 0, core: None, threads: Vec::new(), hot: Vec::new(), next: 0, taken: Vec::new() }
    }

    /// List all threads: some milliseconds. Our own threads are not listed.
    #[must_use]
    pub fn new(server_pid: u32) -> Self {
        let own = std::process::id();
        let threads = numbers_in("/proc").into_iter().filter(|&pid| pid != own).flat_map(|pid| {
            numbers_in(&format!("/proc/{pid}/task")).into_iter().filter_map(move |thread| {
                let text = fs::read_to_string(account_path(pid, thread)).ok()?;
                let account = Account::read(&text)?;
                Some(Thread { pid, number: thread, account, taken_ns: 0, stint_ns: 0, longest_ns: 0, file: None })
            })
        });
        Self { server_pid, threads: threads.collect(), ..Self::none() }
    }

    /// Watch who else is on the core of this thread of the server.
    pub fn watch(&mut self, server_thread: u32) {
        self.core = core_of(self.server_pid, server_thread);
        self.threads.retain(|thread| thread.number != server_thread);
        (self.hot, self.next) = (Vec::new(), 0);
    }

    /// Look.
    pub fn look(&mut self, now_ns: u64) {
        if self.core.is_none() {
            return;
        }
        for place in self.hot.clone() {
            self.read(place, now_ns);
        }
        for _ in 0..TURN_COUNT.min(self.threads.len()) {
            let place = self.next;
            self.next = (self.next + 1) % self.threads.len();
            if !self.hot.contains(&place) && self.read(place, now_ns) > HOT_RUN_NS {
                self.heat(place);
            }
        }
    }

    /// What a thread ran since the last look.
    fn read(&mut self, place: usize, now_ns: u64) -> u64 {
        let thread = &mut self.threads[place];
        let (pid, number) = (thread.pid, thread.number);
        let mut text = [0; 96];
        let size = match &thread.file {
            Some(file) => file.read_at(&mut text, 0),
            None => File::open(account_path(pid, number)).and_then(|file| file.read_at(&mut text, 0)),
        };
        // a thread that is gone has run nothing any more
        let Some(account) = size.ok().and_then(|size| Account::read(std::str::from_utf8(&text[..size]).ok()?)) else {
            return 0;
        };
        let before = std::mem::replace(&mut thread.account, account);
        let run_ns = account.run_ns.saturating_sub(before.run_ns);
        if run_ns == 0 || core_of(pid, number) != self.core {
            return run_ns;
        }
        thread.taken_ns += run_ns;
        if thread.file.is_some() {
            // the same stint as long as it came to a core no more often; of several, their mean
            thread.stint_ns = match account.turns.saturating_sub(before.turns) {
                0 => thread.stint_ns + run_ns,
                count => run_ns / count,
            };
            thread.longest_ns = thread.longest_ns.max(thread.stint_ns);
            self.taken.push(Taken { time_ns: now_ns, place, run_ns });
        }
        run_ns
    }

    /// Look at it every time, instead of the one of these that took least.
    fn heat(&mut self, place: usize) {
        if self.hot.len() == HOT_COUNT_MAX {
            let least = (0..HOT_COUNT_MAX).min_by_key(|&at| self.threads[self.hot[at]].taken_ns);
            let Some(least) = least.filter(|&at| self.threads[self.hot[at]].taken_ns < self.threads[place].taken_ns)
            else {
                return;
            };
            let cooled = self.hot.swap_remove(least);
            self.threads[cooled].file = None;
        }
        let thread = &mut self.threads[place];
        thread.file = File::open(account_path(thread.pid, thread.number)).ok();
        if thread.file.is_some() {
            self.hot.push(place);
        }
    }

    /// Who took most, and of which slow answers (intended, answered).
    #[must_use]
    pub fn told(&self, slow: &[(u64, u64)]) -> Vec<Taker> {
        let mut places: Vec<usize> =
            (0..self.threads.len()).filter(|&place| self.threads[place].taken_ns > 0).collect();
        places.sort_by_key(|&place| std::cmp::Reverse(self.threads[place].taken_ns));
        places.truncate(TOLD_COUNT);
        places.into_iter().map(|place| self.taker(place, slow)).collect()
    }

    fn taker(&self, place: usize, slow: &[(u64, u64)]) -> Taker {
        let thread = &self.threads[place];
        Taker {
            name: name_of(thread.pid, thread.number),
            is_of_server: thread.pid == self.server_pid,
            taken_ms: ms(thread.taken_ns),
            longest_ms: ms(thread.longest_ns),
            answer_count: slow.iter().filter(|answer| self.is_taken_from(place, **answer)).count() as u64,
        }
    }

    fn is_taken_from(&self, place: usize, (from_ns, to_ns): (u64, u64)) -> bool {
        let first = self.taken.partition_point(|taken| taken.time_ns < from_ns);
        let within =
            self.taken[first..].iter().take_while(|taken| taken.time_ns <= to_ns + crate::trace::SAMPLE_EVERY_NS);
        let run_ns: u64 = within.filter(|taken| taken.place == place).map(|taken| taken.run_ns).sum();
        run_ns > (to_ns - from_ns) / 4
    }
}

fn account_path(pid: u32, thread: u32) -> String {
    format!("/proc/{pid}/task/{thread}/schedstat")
}

/// Names that are numbers; none where the system does not tell.
fn numbers_in(folder: &str) -> Vec<u32> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok()).collect()
}

/// The core that a thread is on, or was last.
fn core_of(pid: u32, thread: u32) -> Option<u32> {
    let text = fs::read_to_string(format!("/proc/{pid}/task/{thread}/stat")).ok()?;
    // the name in parentheses may hold spaces; the core is the 39th field
    text.rsplit_once(')')?.1.split_ascii_whitespace().nth(36)?.parse().ok()
}

#[allow(clippy::cast_precision_loss)] // a run is shorter than 2⁵³ ns
fn ms(ns: u64) -> f64 {
    ns as f64 / 1e6
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::{Command, Stdio};

    #[test]
    fn an_account_is_its_first_and_third_number() {
        assert_eq!(Account::read("12 34 5\n"), Some(Account { run_ns: 12, turns: 5 }));
        assert_eq!(Account::read("12 34"), None);
        assert_eq!(Account::read(""), None);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn whoever_burns_the_servers_core_is_named() {
        // a stand-in for the server that sleeps, and somebody else, both on core 0
        let on_core = |words: &[&str]| {
            Command::new("taskset").args(["-c", "0"]).args(words).stdout(Stdio::null()).spawn().expect("taskset")
        };
        let mut server = on_core(&["sleep", "60"]);
        let mut burner = on_core(&["sh", "-c", "while :; do :; done"]);
        std::thread::sleep(std::time::Duration::from_millis(300));
        let mut takers = Takers::new(server.id());
        takers.watch(server.id());
        let begun = std::time::Instant::now();
        let now_ns = || u64::try_from(begun.elapsed().as_nanos()).expect("short");
        let place = takers.threads.iter().position(|thread| thread.pid == burner.id()).expect("listed");
        while takers.threads[place].longest_ns == 0 {
            takers.look(now_ns());
            std::thread::sleep(std::time::Duration::from_millis(1));
            assert!(begun.elapsed().as_secs() < 30, "never seen");
        }
        let found = takers.taker(place, &[(0, now_ns())]);
        assert!(!takers.told(&[]).is_empty());
        burner.kill().and(burner.wait()).expect("ended");
        server.kill().and(server.wait()).expect("ended");
        assert!(found.name == "sh" && !found.is_of_server && found.taken_ms >= found.longest_ms, "{found:?}");
    }

    #[test]
    fn a_slow_answer_is_laid_to_whoever_took_a_quarter_of_it() {
        let thread = |taken_ns| Thread {
            pid: u32::MAX,
            number: u32::MAX,
            account: Account::default(),
            taken_ns,
            stint_ns: 0,
            longest_ns: 0,
            file: None,
        };
        let takers = Takers {
            core: Some(0),
            threads: vec![thread(5), thread(9_000_000)],
            hot: Vec::new(),
            next: 0,
            taken: vec![
                Taken { time_ns: 10_000_000, place: 1, run_ns: 1_000_000 },
                Taken { time_ns: 11_000_000, place: 1, run_ns: 1_000_000 },
                Taken { time_ns: 40_000_000, place: 0, run_ns: 5 },
            ],
            ..Takers::none()
        };
        let told = takers.told(&[(9_500_000, 11_500_000), (9_000_000, 30_000_000), (39_000_000, 41_000_000)]);
        assert_eq!(told.iter().map(|taker| taker.answer_count).collect::<Vec<_>>(), [1, 0]);
        assert!((told[0].taken_ms - 9.0).abs() < 1e-9);
    }
}
