//! What a peer may send beside its calls: frames that carry nothing cost, messages earn.
//!
//! h2 answers PING and SETTINGS one by one and keeps none of them, so a flood takes no memory; it does take the worker's
//! time, and its library offers no sight of it. So the bytes that it reads are looked through: frame headers, nothing else.

use std::time::Instant;

/// Whoever greets has this much; nobody ever has more.
const CREDIT_MAX: i64 = 1_000;
/// Comes by itself: keepalive, window updates of answers.
const CREDIT_PER_S: i64 = 100;
/// Of a DATA frame, for what answers to its messages make a client send: updates of two windows, probes of the line (PING
/// once a round trip in some clients).
const EARNED_PER_DATA: i64 = 4;
/// And one more for each of these bytes: packed messages have several answers.
const SIZE_PER_CREDIT_BYTES: usize = 128;
/// A call has at least one message, which earns it back.
const HEADERS_COST: i64 = 2;
/// The call was made, checked and begun for nothing.
const RESET_COST: i64 = 5;

const PREFACE_SIZE_BYTES: usize = 24;
const HEAD_SIZE_BYTES: usize = 9;
const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const END_STREAM_FLAG: u8 = 1;
const PADDED_FLAG: u8 = 8;

/// Of one connection, from its first byte on.
pub struct FrameBudget {
    /// Bytes until the next frame header.
    rest_size_bytes: usize,
    /// A header that came in parts.
    head: [u8; HEAD_SIZE_BYTES],
    head_size_bytes: usize,
    credit: i64,
    refilled_at: Instant,
}

impl FrameBudget {
    /// Whole.
    #[must_use]
    pub fn new(now: Instant) -> Self {
        Self {
            rest_size_bytes: PREFACE_SIZE_BYTES,
            head: [0; HEAD_SIZE_BYTES],
            head_size_bytes: 0,
            credit: CREDIT_MAX,
            refilled_at: now,
        }
    }

    /// Count what was read, in any parts; false: it was too much.
    #[must_use]
    pub fn count(&mut self, mut bytes: &[u8], now: Instant) -> bool {
        loop {
            let skipped = self.rest_size_bytes.min(bytes.len());
            self.rest_size_bytes -= skipped;
            bytes = &bytes[skipped..];
            if bytes.is_empty() {
                return self.credit > 0 || self.refill(now);
            }
            if self.head_size_bytes == 0
                && let Some((head, rest)) = bytes.split_first_chunk()
            {
                self.take(*head);
                bytes = rest;
                continue;
            }
            self.head[self.head_size_bytes] = bytes[0];
            self.head_size_bytes += 1;
            bytes = &bytes[1..];
            if self.head_size_bytes == HEAD_SIZE_BYTES {
                self.head_size_bytes = 0;
                self.take(self.head);
            }
        }
    }

    fn take(&mut self, head: [u8; HEAD_SIZE_BYTES]) {
        let [high, middle, low, kind, flags, ..] = head;
        let size_bytes = usize::from(high) << 16 | usize::from(middle) << 8 | usize::from(low);
        self.rest_size_bytes = size_bytes;
        self.credit = (self.credit + earned(kind, flags, size_bytes)).min(CREDIT_MAX);
    }

    /// What came by itself since the last time, asked for only when nothing is left; whether that is enough.
    fn refill(&mut self, now: Instant) -> bool {
        let since_ms = now.saturating_duration_since(self.refilled_at).as_millis();
        let came = i64::try_from(since_ms).map_or(CREDIT_MAX, |since_ms| since_ms.saturating_mul(CREDIT_PER_S) / 1_000);
        self.credit = self.credit.saturating_add(came).min(CREDIT_MAX);
        self.refilled_at = now;
        self.credit > 0
    }
}

/// By one frame; less than 0: what it costs.
fn earned(kind: u8, flags: u8, size_bytes: usize) -> i64 {
    match kind {
        // padding may be all there is in it; nobody who speaks gRPC pads
        DATA if size_bytes > 0 && flags & PADDED_FLAG == 0 => {
            EARNED_PER_DATA + i64::try_from(size_bytes / SIZE_PER_CREDIT_BYTES).unwrap_or(0)
        }
        // a call's last word
        DATA if flags & END_STREAM_FLAG != 0 => 0,
        HEADERS => -HEADERS_COST,
        RST_STREAM => -RESET_COST,
        _ => -1,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn frame(kind: u8, flags: u8, payload: &[u8]) -> Vec<u8> {
        let size = u32::try_from(payload.len()).unwrap().to_be_bytes();
        [&size[1..], &[kind, flags, 0, 0, 0, 1], payload].concat()
    }

    fn greeted(now: Instant) -> FrameBudget {
        let mut budget = FrameBudget::new(now);
        assert!(budget.count(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", now));
        budget
    }

    /// How often a peer may send this.
    fn count_until_spent(bytes: &[u8]) -> usize {
        let now = Instant::now();
        let mut budget = greeted(now);
        (0..100_000).take_while(|_| budget.count(bytes, now)).count()
    }

    #[test]
    fn what_carries_nothing_is_spent_and_messages_are_not() {
        let ping = frame(6, 0, &[7; 8]);
        assert_eq!(count_until_spent(&ping), 999);
        assert_eq!(count_until_spent(&frame(4, 0, &[0, 4, 0, 0, 255, 255])), 999);
        assert_eq!(count_until_spent(&frame(8, 0, &[0, 0, 0, 1])), 999);
        assert_eq!(count_until_spent(&frame(0, 0, &[])), 999, "empty DATA");
        assert_eq!(count_until_spent(&frame(0, 8, &[1, 0])), 999, "nothing but padding");
        assert_eq!(count_until_spent(&frame(0xbe, 0, &[0; 100])), 999, "no frame there is");
        let (headers, reset) = (frame(1, 4, &[0x83]), frame(3, 0, &[0, 0, 0, 8]));
        assert_eq!(count_until_spent(&[&headers[..], &reset].concat()), 142, "calls reset at once");
        let message = frame(0, 0, &[1; 40]);
        let call = [&headers[..], &message, &frame(0, 1, &[]), &ping].concat();
        assert_eq!(count_until_spent(&call), 100_000, "a call, and a probe of the line");
        let pings = ping.repeat(4);
        assert_eq!(count_until_spent(&[&message[..], &pings].concat()), 100_000);
        assert!(count_until_spent(&[&message[..], &pings, &ping].concat()) < 1_001);
    }

    #[test]
    fn the_parts_that_bytes_come_in_make_no_difference() {
        let now = Instant::now();
        let stream = [frame(0, 0, &[3; 600]), frame(6, 0, &[0; 8]), frame(1, 4, &[1; 20]), frame(0, 1, &[])].concat();
        for size in 1..stream.len() {
            let mut budget = greeted(now);
            budget.credit = 100;
            for part in stream.chunks(size) {
                assert!(budget.count(part, now));
            }
            assert_eq!((budget.credit, budget.rest_size_bytes), (105, 0), "in parts of {size}");
        }
    }

    #[test]
    fn time_gives_back_and_never_more_than_there_was() {
        let (now, ping) = (Instant::now(), frame(6, 0, &[0; 8]));
        let mut budget = greeted(now);
        while budget.count(&ping, now) {}
        assert!(!budget.count(&ping, now + Duration::from_millis(5)));
        assert!(budget.count(&ping, now + Duration::from_millis(500)), "half a second is 50 frames");
        let mut later = 0;
        while budget.count(&ping, now + Duration::from_secs(86_400)) {
            later += 1;
        }
        assert!((990..=1_100).contains(&later), "{later}");
    }

    #[test]
    #[ignore = "a measurement: cargo test --release -p geooffer-plane what_counting_costs -- --ignored --nocapture"]
    fn what_counting_costs() {
        let message = frame(0, 0, &[1; 49]);
        for (name, bytes) in [("a ping alone", message.clone()), ("16 KiB of pings", message.repeat(282))] {
            let (mut budget, now) = (greeted(Instant::now()), Instant::now());
            let (rounds, frames) = (10_000_000 / bytes.len(), bytes.len() / message.len());
            let began = Instant::now();
            for _ in 0..rounds {
                assert!(budget.count(std::hint::black_box(&bytes), now));
            }
            let nanoseconds = began.elapsed().as_nanos();
            println!(
                "{name}: {} ns a read, {} ns a frame",
                nanoseconds / rounds as u128,
                nanoseconds / (rounds * frames) as u128
            );
        }
    }
}
