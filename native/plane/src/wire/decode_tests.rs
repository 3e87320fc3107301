use super::*;
use crate::refusal::Code;

const OWN_KEY: i64 = 77;

fn phone() -> Sender {
    Sender { own_key: OWN_KEY, key_ranges: Vec::new() }
}

fn gateway() -> Sender {
    Sender { own_key: 0, key_ranges: vec![(1, 9), (100, 200)] }
}

fn field(tag: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![tag];
    let mut length = payload.len();
    while length > 0x7f {
        bytes.push(u8::try_from(length & 0x7f).unwrap() | 0x80);
        length >>= 7;
    }
    bytes.push(u8::try_from(length).unwrap());
    bytes.extend_from_slice(payload);
    bytes
}

fn longs(tag: u8, values: &[i64]) -> Vec<u8> {
    field(tag, &values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<_>>())
}

fn ints(tag: u8, values: &[i32]) -> Vec<u8> {
    field(tag, &values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<_>>())
}

fn batch(parts: &[Vec<u8>]) -> Vec<u8> {
    field(0x12, &parts.concat())
}

fn ping(bytes: &[u8]) -> Vec<u8> {
    field(0x0a, bytes)
}

fn decode(data: &[u8], sender: &Sender) -> Result<(MessageHead, Columns), Refusal> {
    let mut columns = Columns { pings: vec![PingRow::default()], ages_ms: vec![5] };
    let head = Decoder::default().decode(RequestKind::Stream, data, sender, 3, &mut columns);
    assert_eq!(columns.pings.len(), columns.ages_ms.len());
    assert_eq!(columns.len(), 1 + head.as_ref().map_or(0, |head| head.row_count), "a refused message appends nothing");
    columns.pings.remove(0);
    columns.ages_ms.remove(0);
    head.map(|head| (head, columns))
}

#[test]
fn a_ping_becomes_one_row_of_its_phone() {
    // latitude 1, longitude −1, accuracy 500, age 7, speed 0, budget 20, wants the next
    let sent = ping(b"\x08\x04\x11\x09\0\0\0\0\0\0\0\x18\x02\x20\x01\x28\xe8\x07\x30\x0e\x40\x28\x50\x00\x58\x01");
    let (head, columns) = decode(&sent, &phone()).unwrap();
    assert_eq!(head, MessageHead { row_count: 1, malformed_count: 0, budget_ms: 20, wants_next_ping: true });
    let row = PingRow {
        device_key: OWN_KEY,
        session_id: 9,
        sequence: 2,
        fix_time_ms: NEVER_MS,
        latitude_e7: 1,
        longitude_e7: -1,
        accuracy_cm: 500,
        stream_number: 3,
        ..PingRow::default()
    };
    assert_eq!(columns.pings, [row]);
    assert_eq!(columns.ages_ms, [7]);
}

#[test]
fn a_value_out_of_range_makes_its_row_malformed_and_nothing_more() {
    let table: [&[u8]; 8] = [
        b"\x08\x01",                         // sequence −1
        b"\x18\x82\xa4\xa8\xdb\x06",         // latitude 900,000,001
        b"\x28\x01",                         // accuracy −1
        b"\x30\x01",                         // age −1
        b"\x50\x01",                         // speed −1, which only a batch says
        b"\x40\x01",                         // budget −1
        b"\x40\xc2\xa9\x07",                 // budget 60,001
        b"\x3a\x06\x10\x80\x94\xeb\xdc\x03", // nanos 10⁹
    ];
    for bytes in table {
        let (head, columns) = decode(&ping(bytes), &phone()).unwrap();
        assert_eq!((head.row_count, head.malformed_count), (1, 1), "{bytes:x?}");
        assert_eq!((columns.pings[0].malformed, columns.pings[0].fix_time_ms), (1, NEVER_MS), "{bytes:x?}");
        assert_eq!(columns.ages_ms, [0], "{bytes:x?}");
    }
}

#[test]
fn columns_may_come_packed_in_pieces_and_one_by_one() {
    let parts = [
        longs(0x0a, &[1, 2]),
        longs(0x0a, &[3]),
        ints(0x22, &[10]),
        [vec![0x25], 11_i32.to_le_bytes().to_vec()].concat(),
        ints(0x22, &[]),
        ints(0x22, &[12]),
        ints(0x2a, &[20, 21, 22]),
        ints(0x5a, &[-1, 5, -2]),
    ];
    let (head, columns) = decode(&batch(&parts), &gateway()).unwrap();
    assert_eq!((head.row_count, head.malformed_count), (3, 1));
    let of = |value: fn(&PingRow) -> i64| columns.pings.iter().map(value).collect::<Vec<_>>();
    assert_eq!(of(|row| row.device_key), [1, 2, 3]);
    assert_eq!(of(|row| row.latitude_e7.into()), [10, 11, 12]);
    assert_eq!(of(|row| row.longitude_e7.into()), [20, 21, 22]);
    assert_eq!(of(|row| row.malformed.into()), [0, 0, 1]);
}

#[test]
fn a_decoder_that_is_used_again_remembers_nothing() {
    let mut decoder = Decoder::default();
    let mut columns = Columns::default();
    let pieced = batch(&[longs(0x0a, &[1]), longs(0x0a, &[2]), ints(0x22, &[1, 2]), ints(0x2a, &[1, 2])]);
    let whole = batch(&[longs(0x0a, &[7]), ints(0x22, &[8]), ints(0x2a, &[9])]);
    for sent in [&pieced, &whole, &pieced] {
        decoder.decode(RequestKind::Ingest, sent, &gateway(), 0, &mut columns).unwrap();
    }
    assert_eq!(columns.pings.iter().map(|row| row.device_key).collect::<Vec<_>>(), [1, 2, 7, 1, 2]);
}

#[test]
fn of_a_oneof_the_last_kind_counts_and_equal_ones_merge() {
    let only = |sent: &[u8]| decode(sent, &phone()).unwrap().1.pings[0];
    let merged = only(&[ping(b"\x08\x04"), ping(b"\x18\x02")].concat());
    assert_eq!((merged.sequence, merged.latitude_e7), (2, 1));
    let place = batch(&[ints(0x22, &[5]), ints(0x2a, &[5])]);
    let last = only(&[ping(b"\x08\x04"), place.clone(), ping(b"\x18\x02")].concat());
    assert_eq!((last.sequence, last.latitude_e7), (0, 1));
    assert_eq!(only(&[place.clone(), ping(b"\x08\x04"), place].concat()).latitude_e7, 5);
}

#[test]
fn replayed_rows_count_from_the_base_time() {
    let base = field(0x42, b"\x08\x02\x10\xc0\x84\x3d"); // 2 s, 1,000,000 ns
    let offsets = [-2_001, -2_002, i64::MAX, i64::MIN, 5];
    let parts = [base, longs(0x4a, &offsets), ints(0x22, &[0; 5]), ints(0x2a, &[0; 5])];
    let columns = decode(&batch(&parts), &phone()).unwrap().1;
    let times = columns.pings.iter().map(|row| row.fix_time_ms).collect::<Vec<_>>();
    assert_eq!(times, [0, NEVER_MS, NEVER_MS, NEVER_MS, 2_006]);
    assert_eq!(columns.pings.iter().map(|row| row.malformed).collect::<Vec<_>>(), [0, 1, 1, 1, 0]);
}

#[test]
fn what_breaks_a_message_refuses_it_whole() {
    let place = |count: usize| [ints(0x22, &vec![0; count]), ints(0x2a, &vec![0; count])].concat();
    let ragged = "must be empty or as long as latitudes_e7";
    let table = [
        (Vec::new(), gateway(), "content", "ping or batch is required"),
        (batch(&[]), gateway(), "batch.latitudes_e7", "a batch has 1..1024 rows"),
        (batch(&[place(1_025)]), gateway(), "batch.latitudes_e7", "a batch has 1..1024 rows"),
        (batch(&[ints(0x22, &[0])]), gateway(), "batch.longitudes_e7", "must be as long as latitudes_e7"),
        (batch(&[place(2), longs(0x0a, &[1])]), gateway(), "batch.device_keys", ragged),
        (batch(&[place(2), longs(0x4a, &[1])]), phone(), "batch.fix_offsets_millis", ragged),
        (batch(&[place(2), ints(0x5a, &[1])]), phone(), "batch.speeds_cm_per_s", ragged),
        (batch(&[place(1)]), gateway(), "batch.device_keys", "a gateway names the device of each row"),
        (ping(b"\x3a\x02\x10\x80"), phone(), "", "the message is not a StreamPingsRequest"),
        (b"\x0a\x01".to_vec(), phone(), "", "the message is not a StreamPingsRequest"),
        (batch(&[field(0x22, b"123")]), phone(), "", "the message is not a StreamPingsRequest"),
    ];
    for (sent, sender, field, message) in table {
        assert_eq!(decode(&sent, &sender).unwrap_err(), Refusal::invalid(field, message));
    }
}

#[test]
fn nobody_speaks_for_the_devices_of_others() {
    let place = [ints(0x22, &[0; 3]), ints(0x2a, &[0; 3])].concat();
    let rows = |keys: &[i64]| batch(&[place.clone(), longs(0x0a, keys)]);
    let keys = |sent: &[u8], sender: &Sender| {
        decode(sent, sender).map(|(_, columns)| columns.pings.iter().map(|row| row.device_key).collect::<Vec<_>>())
    };
    assert_eq!(keys(&rows(&[0, OWN_KEY, 0]), &phone()).unwrap(), [OWN_KEY; 3]);
    assert_eq!(keys(&rows(&[9, 0, 200]), &gateway()).unwrap(), [9, 0, 200]);
    for (sent, sender, field, text) in [
        (rows(&[0, OWN_KEY, 78]), phone(), "batch.device_keys", "the token is of another device"),
        (rows(&[1, 2, 10]), gateway(), "batch.device_keys", "the token does not cover this device"),
        (ping(b"\x49\x0a\0\0\0\0\0\0\0"), gateway(), "ping.device_key", "the token does not cover this device"),
        (ping(b"\x49\x0a\0\0\0\0\0\0\0"), phone(), "ping.device_key", "the token is of another device"),
    ] {
        let refusal = keys(&sent, &sender).unwrap_err();
        assert_eq!((refusal.code, refusal.field, refusal.message.as_str()), (Code::PermissionDenied, field, text));
    }
}
