//! What has to hold of every request, whatever its bytes are.

use geooffer_plane::identity::Sender;
use geooffer_plane::limits::{
    ACCURACY_MAX_CM, DECISION_BUDGET_MAX_MS, FIX_AGE_MAX_MS, LATITUDE_MAX_E7, LONGITUDE_MAX_E7,
    PING_BATCH_ROW_COUNT_MAX, SPEED_MAX_CM_PER_S, TIME_MAX_MS, TIME_MIN_MS,
};
use geooffer_plane::rows::{NEVER_MS, PingRow};
use geooffer_plane::wire::decode::{Columns, Decoder, RequestKind};

fn sender(kind: u8) -> Sender {
    match kind % 3 {
        0 => Sender { own_key: 77, key_ranges: Vec::new() },
        1 => Sender { own_key: 0, key_ranges: vec![(1, 1_000), (5_000, 6_000)] },
        _ => Sender { own_key: 0, key_ranges: vec![(i64::MIN, i64::MAX)] },
    }
}

/// The first byte of `data` says who sends the rest.
///
/// # Panics
/// Where something does not hold.
pub fn check_request(kind: RequestKind, data: &[u8]) {
    let Some((&who, data)) = data.split_first() else { return };
    let sender = sender(who);
    let before = PingRow { device_key: -1, ..PingRow::default() };
    let mut columns = Columns { pings: vec![before], ages_ms: vec![-1] };
    let mut decoder = Decoder::default();
    let head = decoder.decode(kind, data, &sender, 3, &mut columns);
    assert_eq!((columns.pings[0], columns.ages_ms[0]), (before, -1));
    let row_count = head.as_ref().map_or(0, |head| head.row_count);
    assert_eq!((columns.pings.len(), columns.ages_ms.len()), (1 + row_count, 1 + row_count));
    if let Ok(head) = &head {
        assert!((1..=PING_BATCH_ROW_COUNT_MAX).contains(&head.row_count));
        assert!((0..=DECISION_BUDGET_MAX_MS).contains(&head.budget_ms));
        let malformed = columns.pings[1..].iter().filter(|row| row.malformed == 1).count();
        assert_eq!(malformed, head.malformed_count);
        for (row, &age_ms) in columns.pings[1..].iter().zip(&columns.ages_ms[1..]) {
            check_row(row, age_ms, &sender);
        }
    }
    // a decoder that is used again says the same
    let mut again = Columns::default();
    assert_eq!(decoder.decode(kind, data, &sender, 3, &mut again), head);
    assert_eq!((&again.pings[..], &again.ages_ms[..]), (&columns.pings[1..], &columns.ages_ms[1..]));
}

fn check_row(row: &PingRow, age_ms: i64, sender: &Sender) {
    assert_eq!((row.stream_number, row.now_ms, row.pad), (3, 0, [0; 3]));
    if sender.own_key == 0 {
        assert!(row.device_key == 0 || sender.owns(row.device_key));
    } else {
        assert_eq!(row.device_key, sender.own_key);
    }
    if row.malformed == 1 {
        assert_eq!((row.fix_time_ms, age_ms), (NEVER_MS, 0));
        return;
    }
    assert_eq!(row.malformed, 0);
    assert!(row.device_key != 0 && row.sequence >= 0);
    assert!(row.latitude_e7.abs() <= LATITUDE_MAX_E7 && row.longitude_e7.abs() <= LONGITUDE_MAX_E7);
    assert!((0..=ACCURACY_MAX_CM).contains(&row.accuracy_cm));
    assert!((-1..=SPEED_MAX_CM_PER_S).contains(&row.speed_cm_per_s));
    assert!((0..=FIX_AGE_MAX_MS).contains(&age_ms));
    assert!(row.fix_time_ms == NEVER_MS || (TIME_MIN_MS..=TIME_MAX_MS).contains(&row.fix_time_ms));
}
