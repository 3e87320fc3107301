//! Whose bucket is whose; bounded, the one that was quiet for longest first to go.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use crate::identity::Role;
use crate::quotas::{Bucket, Level, Shared, is_device};

/// A bucket and its place in the order of going.
struct Entry {
    bucket: Arc<Bucket>,
    turn: u64,
    ordered_at_s: f64,
}

type Subject = Arc<str>;

pub(super) struct Table {
    count_max: usize,
    /// By role: a subject is looked for without being copied.
    entries: [HashMap<Subject, Entry>; 3],
    /// By turn; the lowest goes first.
    order: BTreeMap<u64, (Role, Subject)>,
    next_turn: u64,
}

impl Table {
    pub(super) fn new(count_max: usize) -> Self {
        Self { count_max, entries: Default::default(), order: BTreeMap::new(), next_turn: 0 }
    }

    pub(super) fn len(&self) -> usize {
        self.order.len()
    }

    /// The bucket of a caller, who now stands last.
    pub(super) fn bucket(&mut self, role: Role, subject: &str, shared: &Shared, now_s: f64) -> Arc<Bucket> {
        let subject = match self.entries[role as usize].get_key_value(subject) {
            Some((subject, _)) => Arc::clone(subject),
            None => self.add(role, subject),
        };
        let bucket = self.move_last(role, &subject, now_s);
        self.forget(shared, now_s);
        bucket
    }

    fn add(&mut self, role: Role, subject: &str) -> Subject {
        let subject: Subject = subject.into();
        let bucket = Arc::new(Bucket { is_device: is_device(role), level: Mutex::new(Level::default()) });
        let entry = Entry { bucket, turn: u64::MAX, ordered_at_s: 0.0 };
        self.entries[role as usize].insert(Arc::clone(&subject), entry);
        subject
    }

    /// Gives the entry, which is there, a new turn.
    fn move_last(&mut self, role: Role, subject: &Subject, now_s: f64) -> Arc<Bucket> {
        let entry = self.entries[role as usize].get_mut(subject).expect("an entry for every subject in the order");
        self.order.remove(&entry.turn);
        (entry.turn, entry.ordered_at_s) = (self.next_turn, now_s);
        self.order.insert(self.next_turn, (role, Arc::clone(subject)));
        self.next_turn += 1;
        Arc::clone(&entry.bucket)
    }

    /// Two looks at a time keep pace with the one entry a call can add.
    fn forget(&mut self, shared: &Shared, now_s: f64) {
        for _ in 0..2 {
            let Some((_, (role, subject))) = self.order.first_key_value() else { return };
            let (role, subject) = (*role, Arc::clone(subject));
            match self.fate(role, &subject, shared, now_s) {
                Fate::Stays => return,
                Fate::MovesLast => drop(self.move_last(role, &subject, now_s)),
                Fate::Goes => {
                    self.order.pop_first();
                    self.entries[role as usize].remove(&subject);
                }
            }
        }
    }

    fn fate(&self, role: Role, subject: &Subject, shared: &Shared, now_s: f64) -> Fate {
        let entry = &self.entries[role as usize][subject];
        if Arc::strong_count(&entry.bucket) > 1 {
            // two buckets of one caller would be two shares; open streams are bounded
            return Fate::MovesLast;
        }
        let level = entry.bucket.level.lock().unwrap_or_else(PoisonError::into_inner);
        let (replacement, rate) = shared.rate(entry.bucket.is_device).now();
        if rate == 0 || level.replacement != replacement || level.full_at_s <= now_s {
            return Fate::Goes;
        }
        if self.order.len() <= self.count_max {
            return Fate::Stays;
        }
        if level.taken_at_s > entry.ordered_at_s { Fate::MovesLast } else { Fate::Goes }
    }
}

/// Of the entry that stands first.
enum Fate {
    Stays,
    MovesLast,
    Goes,
}
