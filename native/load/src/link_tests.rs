use super::*;

#[derive(Default)]
struct Heard {
    messages: Vec<(usize, Vec<u8>)>,
    ends: Vec<(usize, Result<(), String>)>,
}

impl Listener for Heard {
    fn on_message(&mut self, _out: &mut Outgoing, stream: usize, body: &[u8]) {
        self.messages.push((stream, body.to_vec()));
    }

    fn on_end(&mut self, stream: usize, end: Result<(), String>) {
        self.ends.push((stream, end));
    }
}

fn message(body: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0];
    bytes.extend(u32::try_from(body.len()).expect("short").to_be_bytes());
    bytes.extend_from_slice(body);
    bytes
}

fn data_frames(mut bytes: &[u8]) -> Vec<(u32, usize)> {
    let mut found = Vec::new();
    while let Some(head) = Head::read(bytes) {
        if head.kind == kind::DATA {
            found.push((head.stream_id, head.length));
        }
        bytes = &bytes[9 + head.length..];
    }
    found
}

fn opened(count: usize) -> Link {
    let mut link = Link::new();
    for stream in 0..count {
        assert_eq!(link.out.open(&[0x83]), stream);
    }
    link.out.bytes.clear();
    link
}

#[test]
fn messages_are_read_however_they_are_cut() {
    let mut bytes = Vec::new();
    let two = [message(b"one"), message(b"second")].concat();
    frames::put_frame(&mut bytes, kind::DATA, 0, 3, &two[..6]);
    frames::put_frame(&mut bytes, kind::DATA, 0, 3, &two[6..]);
    frames::put_frame(&mut bytes, kind::DATA, 0, 1, &message(b""));
    let expected = [(1, b"one".to_vec()), (1, b"second".to_vec()), (0, Vec::new())];
    for cut in 1..bytes.len() {
        let (mut link, mut heard) = (opened(2), Heard::default());
        for part in bytes.chunks(cut) {
            link.receive(part, &mut heard).expect("HTTP/2");
        }
        assert_eq!(heard.messages, expected);
    }
}

#[test]
fn what_the_windows_do_not_let_through_waits_and_leaves_in_order() {
    let (mut link, mut heard) = (opened(2), Heard::default());
    let mut settings = Vec::new();
    frames::put_settings(&mut settings, &[(setting::INITIAL_WINDOW_SIZE, 10)]);
    link.receive(&settings, &mut heard).expect("HTTP/2");
    link.out.bytes.clear();
    link.out.send(0, |out| out.extend([7; 6]));
    link.out.send(0, |out| out.extend([8; 6]));
    link.out.send(1, |out| out.extend([9; 3]));
    assert_eq!(data_frames(&link.out.bytes), [(1, 6), (1, 4), (3, 3)]);
    assert_eq!(link.out.waiting_bytes(), 2);
    link.out.bytes.clear();
    let mut update = Vec::new();
    frames::put_frame(&mut update, kind::WINDOW_UPDATE, 0, 1, &5_u32.to_be_bytes());
    link.receive(&update, &mut heard).expect("HTTP/2");
    assert_eq!(data_frames(&link.out.bytes), [(1, 2)]);
    assert_eq!(link.out.bytes[9..], [8, 8]);
    assert_eq!(link.out.waiting_bytes(), 0);
}

#[test]
fn the_connections_window_holds_all_streams_and_long_messages_are_cut() {
    let (mut link, mut heard) = (opened(2), Heard::default());
    link.out.send(0, |out| out.resize(out.len() + 60_000, 1));
    link.out.send(1, |out| out.resize(out.len() + 10_000, 2));
    let sizes: usize = data_frames(&link.out.bytes).iter().map(|(_, size)| size).sum();
    assert_eq!(sizes, 65_535);
    assert!(data_frames(&link.out.bytes).iter().all(|&(_, size)| size <= 16_384));
    assert_eq!(link.out.waiting_bytes(), 70_000 - 65_535);
    let mut update = Vec::new();
    frames::put_frame(&mut update, kind::WINDOW_UPDATE, 0, 0, &100_000_u32.to_be_bytes());
    link.receive(&update, &mut heard).expect("HTTP/2");
    assert_eq!(link.out.waiting_bytes(), 0);
}

#[test]
fn settings_and_pings_are_answered() {
    let (mut link, mut heard) = (opened(1), Heard::default());
    let mut bytes = Vec::new();
    frames::put_settings(&mut bytes, &[]);
    frames::put_frame(&mut bytes, kind::PING, 0, 0, &[1, 2, 3, 4, 5, 6, 7, 8]);
    link.receive(&bytes, &mut heard).expect("HTTP/2");
    let first = Head::read(&link.out.bytes).expect("whole");
    assert_eq!((first.kind, first.flags), (kind::SETTINGS, flag::ACK));
    let second = Head::read(&link.out.bytes[9..]).expect("whole");
    assert_eq!((second.kind, second.flags), (kind::PING, flag::ACK));
    assert_eq!(link.out.bytes[18..], [1, 2, 3, 4, 5, 6, 7, 8]);
}

#[test]
fn ends_are_told_once_with_what_they_say() {
    let (mut link, mut heard) = (opened(4), Heard::default());
    let mut bytes = Vec::new();
    let trailers = |status: &[u8]| [b"\x00\x0bgrpc-status".as_slice(), &[1], status].concat();
    frames::put_frame(&mut bytes, kind::HEADERS, flag::END_HEADERS, 1, &[0x88]);
    frames::put_frame(&mut bytes, kind::HEADERS, flag::END_HEADERS | flag::END_STREAM, 1, &trailers(b"0"));
    frames::put_frame(&mut bytes, kind::RST_STREAM, 0, 1, &[0, 0, 0, 0]);
    let block = trailers(b"8");
    frames::put_frame(&mut bytes, kind::HEADERS, flag::END_STREAM, 3, &block[..4]);
    frames::put_frame(&mut bytes, kind::CONTINUATION, flag::END_HEADERS, 3, &block[4..]);
    frames::put_frame(&mut bytes, kind::RST_STREAM, 0, 5, &[0, 0, 0, 7]);
    frames::put_frame(&mut bytes, kind::DATA, flag::END_STREAM, 7, &[]);
    link.receive(&bytes, &mut heard).expect("HTTP/2");
    let ends: Vec<_> = heard.ends.iter().map(|(stream, end)| (*stream, end.as_ref().map_err(String::as_str))).collect();
    let expected =
        [(0, Ok(&())), (1, Err("grpc-status 8: ")), (2, Err("RST_STREAM, code 7")), (3, Err("ended without a status"))];
    assert_eq!(ends, expected);
}

#[test]
fn a_connection_that_is_ended_or_makes_no_sense_is_an_error() {
    let mut goaway = Vec::new();
    frames::put_frame(&mut goaway, kind::GOAWAY, 0, 0, &[0, 0, 0, 0, 0, 0, 0, 11]);
    assert_eq!(opened(1).receive(&goaway, &mut Heard::default()), Err("GOAWAY, code 11".to_owned()));
    let mut unknown = Vec::new();
    frames::put_frame(&mut unknown, kind::DATA, 0, 9, &[0]);
    assert!(opened(1).receive(&unknown, &mut Heard::default()).is_err());
    let mut dangling = Vec::new();
    frames::put_frame(&mut dangling, kind::CONTINUATION, flag::END_HEADERS, 1, &[]);
    assert!(opened(1).receive(&dangling, &mut Heard::default()).is_err());
}
