//! What the scheduler tells of threads (Linux, `/proc/…/schedstat`): nanoseconds on a core, and waiting for one.

use std::fs::{self, File};
use std::os::unix::fs::FileExt;

/// Totals since a thread began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spent {
    /// On a core.
    pub run_ns: u64,
    /// Ready to run, and not on a core.
    pub wait_ns: u64,
}

impl Spent {
    /// What was spent since `before`.
    #[must_use]
    pub fn since(self, before: Self) -> Self {
        Self { run_ns: self.run_ns.saturating_sub(before.run_ns), wait_ns: self.wait_ns.saturating_sub(before.wait_ns) }
    }

    fn read(text: &str) -> Option<Self> {
        let mut numbers = text.split_ascii_whitespace().map(str::parse);
        Some(Self { run_ns: numbers.next()?.ok()?, wait_ns: numbers.next()?.ok()? })
    }
}

/// A thread that is looked at again and again.
#[derive(Debug)]
pub struct Watched(File);

impl Watched {
    /// The calling thread; None where the system does not tell.
    #[must_use]
    pub fn this_thread() -> Option<Self> {
        File::open("/proc/thread-self/schedstat").ok().map(Self)
    }

    /// A thread of a process.
    #[must_use]
    pub fn thread(pid: u32, thread: u32) -> Option<Self> {
        File::open(format!("/proc/{pid}/task/{thread}/schedstat")).ok().map(Self)
    }

    /// Now; zero when the thread is gone.
    #[must_use]
    pub fn spent(&self) -> Spent {
        let mut text = [0; 96];
        let size = self.0.read_at(&mut text, 0).unwrap_or(0);
        std::str::from_utf8(&text[..size]).ok().and_then(Spent::read).unwrap_or_default()
    }
}

/// Threads of a process and what each has spent; empty where the system does not tell.
#[must_use]
pub fn threads_of(pid: u32) -> Vec<(u32, Spent)> {
    let Ok(entries) = fs::read_dir(format!("/proc/{pid}/task")) else { return Vec::new() };
    let of_entry = |entry: fs::DirEntry| {
        let thread = entry.file_name().to_str()?.parse().ok()?;
        let text = fs::read_to_string(entry.path().join("schedstat")).ok()?;
        Some((thread, Spent::read(&text)?))
    };
    entries.filter_map(Result::ok).filter_map(of_entry).collect()
}

/// CPU time between two looks ([`threads_of`]) of all threads that lived at the second one.
#[must_use]
pub fn cpu_ns(before: &[(u32, Spent)], after: &[(u32, Spent)]) -> u64 {
    let spent_before = |thread| before.iter().find(|(other, _)| *other == thread).map(|&(_, spent)| spent);
    after.iter().map(|&(thread, spent)| spent.since(spent_before(thread).unwrap_or_default()).run_ns).sum()
}

/// The name of a thread.
#[must_use]
pub fn name_of(pid: u32, thread: u32) -> String {
    fs::read_to_string(format!("/proc/{pid}/task/{thread}/comm")).unwrap_or_default().trim_end().to_owned()
}

/// Milliseconds that the hypervisor kept from a core (all of them together), ten at a time; 0 where it does not tell.
#[must_use]
pub fn stolen_ms() -> u64 {
    let text = fs::read_to_string("/proc/stat").unwrap_or_default();
    text.lines()
        .next()
        .and_then(|line| line.split_ascii_whitespace().nth(8))
        .and_then(|ticks| ticks.parse::<u64>().ok())
        .map_or(0, |ticks| ticks * 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_os = "linux")]
    fn work_of_this_thread_is_seen() {
        let watched = Watched::this_thread().expect("Linux");
        let before = watched.spent();
        let begun = std::time::Instant::now();
        while begun.elapsed().as_millis() < 5 {
            std::hint::spin_loop();
        }
        assert!(watched.spent().since(before).run_ns > 100_000);
        let pid = std::process::id();
        assert!(cpu_ns(&[], &threads_of(pid)) >= 100_000);
        let spent = |run_ns| Spent { run_ns, wait_ns: 0 };
        assert_eq!(cpu_ns(&[(1, spent(5)), (2, spent(9))], &[(2, spent(10)), (3, spent(4))]), 5);
        assert!(threads_of(pid).iter().all(|(thread, _)| !name_of(pid, *thread).is_empty()));
        assert_eq!(threads_of(u32::MAX), []);
    }

    #[test]
    fn what_is_no_schedstat_is_none() {
        assert_eq!(Spent::read("12 34 5"), Some(Spent { run_ns: 12, wait_ns: 34 }));
        assert_eq!(Spent::read("12"), None);
        assert_eq!(Spent::read("a b"), None);
    }
}
