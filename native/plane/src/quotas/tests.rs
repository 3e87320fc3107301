//! Buckets against a slow, obvious one; bounded memory; what of whom is counted where.

use std::time::Duration;

use super::*;
use crate::identity::Sender;

fn identity(role: Role, subject: &str) -> Identity {
    Identity { role, subject: subject.into(), sender: Sender::default(), expires_at_s: 0.0 }
}

/// A small generator, so that a failure can be repeated.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % below
    }
}

/// Fills by the tick, never above its burst; may fall below zero by what one message takes at once.
struct ObviousBucket {
    rate: i64,
    burst: i64,
    level: i64,
    now_s: u64,
}

impl ObviousBucket {
    fn take(&mut self, amount: i64, now_s: u64) -> bool {
        while self.now_s < now_s {
            self.now_s += 1;
            self.level = self.burst.min(self.level + self.rate);
        }
        let is_enough = self.level >= amount.min(self.burst);
        self.level -= if is_enough { amount } else { 0 };
        is_enough
    }
}

#[test]
fn as_an_obvious_bucket() {
    let mut dice = Dice(7);
    for _ in 0..2_000 {
        let rate = 1 + u32::try_from(dice.roll(600)).unwrap();
        let burst = i64::from(rate * 10).max(2_048);
        let quotas = RowQuotas::new(RowRates { device_rows: 0, rows: rate });
        let account = quotas.account(&identity(Role::Gateway, "a"), quotas.shared.began);
        let mut obvious = ObviousBucket { rate: rate.into(), burst, level: burst, now_s: 0 };
        let mut now_s = 0;
        for _ in 0..30 {
            now_s += dice.roll(5);
            let amount = 1 + dice.roll(3_000);
            let now = quotas.shared.began + Duration::from_secs(now_s);
            let taken = account.take(usize::try_from(amount).unwrap(), now);
            assert_eq!(taken.is_ok(), obvious.take(i64::try_from(amount).unwrap(), now_s));
            if let Err(refusal) = taken {
                // the wait that is told is enough, and not too much
                let missing = i64::try_from(amount).unwrap().min(burst) - obvious.level;
                let wait_ms = (u64::try_from(missing).unwrap() * 1_000).div_ceil(rate.into());
                assert!(refusal.retry_after_ms.abs_diff(wait_ms) <= 1, "{} {wait_ms}", refusal.retry_after_ms);
            }
        }
    }
}

#[test]
fn without_a_rate_nothing_is_counted() {
    let quotas = RowQuotas::new(RowRates::default());
    let now = quotas.shared.began;
    for number in 0..1_000 {
        assert!(quotas.account(&identity(Role::Device, &number.to_string()), now).take(usize::MAX, now).is_ok());
    }
    assert!(quotas.remembered_count() <= 2);
}

#[test]
fn all_streams_of_a_caller_share_one_bucket() {
    let quotas = RowQuotas::new(RowRates { device_rows: 1, rows: 1 });
    let now = quotas.shared.began; // whole seconds: what is told is exact
    let streams: Vec<_> = (0..4).map(|_| quotas.account(&identity(Role::Device, "7"), now)).collect();
    assert!(streams[0].take(2_000, now).is_ok());
    assert!(streams[1].take(48, now).is_ok());
    let refusal = streams[2].take(1, now).unwrap_err();
    assert_eq!((refusal.reason, refusal.retry_after_ms), ("QUOTA_EXCEEDED", 1_000));
    drop(streams);
    assert!(quotas.account(&identity(Role::Device, "7"), now).take(1, now).is_err(), "remembered");
    assert!(quotas.account(&identity(Role::Device, "8"), now).take(2_048, now).is_ok(), "another's");
    assert!(quotas.account(&identity(Role::Gateway, "7"), now).take(2_048, now).is_ok(), "another role's");
    quotas.replace(RowRates { device_rows: 2, rows: 1 });
    assert!(quotas.account(&identity(Role::Device, "7"), now).take(2_048, now).is_ok(), "all begin full");
}

#[test]
fn what_is_taken_at_once_by_many_threads_is_not_more() {
    let quotas = Arc::new(RowQuotas::new(RowRates { device_rows: 0, rows: 1 }));
    let now = quotas.shared.began;
    let threads: Vec<_> = (0..4)
        .map(|_| {
            let account = quotas.account(&identity(Role::Gateway, "g"), now);
            std::thread::spawn(move || (0..1_000).filter(|_| account.take(1, now).is_ok()).count())
        })
        .collect();
    assert_eq!(threads.into_iter().map(|thread| thread.join().unwrap()).sum::<usize>(), 2_048);
}

#[test]
fn memory_is_bounded_whoever_calls() {
    let quotas = RowQuotas::bounded(RowRates { device_rows: 1, rows: 1 }, 100);
    let now = quotas.shared.began;
    let open = quotas.account(&identity(Role::Device, "open"), now);
    assert!(open.take(2_048, now).is_ok());
    for number in 0..1_000 {
        assert!(quotas.account(&identity(Role::Device, &number.to_string()), now).take(2_048, now).is_ok());
        assert!(quotas.remembered_count() <= 102);
    }
    assert!(quotas.account(&identity(Role::Device, "999"), now).take(1, now).is_err(), "the last are remembered");
    assert!(quotas.account(&identity(Role::Device, "open"), now).take(1, now).is_err(), "whose stream is open, too");
    assert!(quotas.account(&identity(Role::Device, "0"), now).take(1, now).is_ok(), "the first is forgotten");
}

#[test]
fn who_is_full_again_is_forgotten() {
    let quotas = RowQuotas::new(RowRates { device_rows: 10, rows: 10 });
    for number in 0..1_000u32 {
        let now = quotas.shared.began + Duration::from_secs(number.into());
        assert!(quotas.account(&identity(Role::Device, &number.to_string()), now).take(1, now).is_ok());
        assert!(quotas.remembered_count() <= 3);
    }
}
