//! What a stream is told, and when: over real sockets, with a matcher that does what a row says.

mod common;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use common::answers::{Answer, Ping, batch, field, own, ping, read};
use common::opcodes::{ACCEPT, ENTER, Opcodes, SLOW, Seen, TRY, UNDECIDED, VERDICT, WIN};
use common::{Call, Client, INGEST, STREAM, device, framed, gateway, settings, soon, start, token};
use geooffer_plane::control::{Crossing, LeftOffer, OfferBytes, Reply};
use geooffer_plane::matcher::{Gate, Outcome};
use geooffer_plane::plane::Plane;
use geooffer_plane::refusal::{Code, Refusal};

fn plane() -> (Plane, Arc<Seen>) {
    let seen = Arc::<Seen>::default();
    let mut one_worker = settings();
    one_worker.worker_count = 1;
    let of_matcher = Arc::clone(&seen);
    (start(one_worker, move |_| Box::new(Opcodes(Arc::clone(&of_matcher)))), seen)
}

async fn next(call: &mut Call) -> Answer {
    read(&call.next().await.expect("an answer"))
}

/// Decision keys, and whether they left; by no clock but the plane's.
fn told(left: &[LeftOffer], plane: &Plane) -> Vec<(i64, bool)> {
    assert!(left.iter().all(|offer| (1..=plane.now_ns()).contains(&offer.at_ns)));
    left.iter().map(|offer| (offer.decision_key, offer.is_sent)).collect()
}

/// The next crossing.
async fn crossing(plane: &Plane) -> Crossing {
    soon(async {
        let mut all = Vec::new();
        loop {
            plane.take_crossings(&mut all);
            assert!(all.len() < 2, "one at a time in these tests: {all:?}");
            if let Some(crossing) = all.pop() {
                return crossing;
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    })
    .await
}

fn offer(decision_key: i64, deadline_ns: i64) -> OfferBytes {
    OfferBytes {
        bytes: field(0x2a, b"").to_vec(),
        gate: Gate { decision_key, deadline_ns, ..Gate::default() },
        bytes_if_shut: Vec::new(),
        bytes_if_sent: Vec::new(),
        tries_before: u32::MAX,
    }
}

#[tokio::test]
async fn tells_each_role_what_it_may_know() {
    let (plane, _) = plane();
    let client = Client::connect(&plane).await;
    let rows = [ACCEPT, ENTER, VERDICT + 4, VERDICT + 6, VERDICT + 8];
    let mut call = client.open(STREAM, &gateway()).await;
    call.send(&batch(&rows));
    let answer = next(&mut call).await;
    assert_eq!((answer.acknowledged, answer.location_wanted, answer.catalog_generation), (1, true, 9));
    let told: Vec<_> = answer.rejected_rows.iter().map(|row| (row.message_sequence, row.row, row.verdict)).collect();
    assert_eq!(told, [(1, 2, 4), (1, 3, 6), (1, 4, 8)]);
    let told: Vec<_> = answer.transitions.iter().map(|item| (&item.geofence_id[..], item.row)).collect();
    assert_eq!(told, [("south", 1)]);
    let mut call = client.open(STREAM, &device(1)).await;
    call.send(&batch(&rows));
    let answer = next(&mut call).await;
    let told: Vec<_> = answer.rejected_rows.iter().map(|row| (row.row, row.verdict)).collect();
    assert_eq!((told, answer.transitions.len()), (vec![(2, 4)], 0));
    call.finish();
    assert_eq!(call.status().await, (0, String::new()));
    let mut call = client.open(INGEST, &gateway()).await;
    call.send(&batch(&rows));
    call.finish();
    assert_eq!(next(&mut call).await.rejected_rows.len(), 3);
    assert_eq!(call.status().await.0, 0);
}

#[tokio::test]
async fn a_phone_without_consent_is_told_to_stop() {
    let (plane, _) = plane();
    let client = Client::connect(&plane).await;
    let mut call = client.open(STREAM, &device(1)).await;
    call.send(&own(VERDICT + 3));
    let answer = next(&mut call).await;
    assert_eq!((answer.acknowledged, answer.location_wanted, answer.rejected_rows.len()), (1, false, 0));
    assert_eq!(call.status().await.0, 0);
    let mut call = client.open(STREAM, &gateway()).await;
    call.send(&batch(&[VERDICT + 3]));
    assert!(next(&mut call).await.location_wanted);
    call.send(&batch(&[ACCEPT]));
    assert_eq!(next(&mut call).await.acknowledged, 2);
}

#[tokio::test]
async fn a_winner_is_held_until_it_is_settled() {
    let (plane, _) = plane();
    let client = Client::connect(&plane).await;
    let mut call = client.open(STREAM, &device(1)).await;
    call.send(&own(ACCEPT));
    assert_eq!(next(&mut call).await.acknowledged, 1);
    call.send(&own(WIN));
    let Crossing::Decided { winners, places, held, .. } = crossing(&plane).await else { panic!() };
    assert_eq!((winners.len(), places.len(), held.len()), (1, 1, 1));
    assert_eq!((places[0].row, places[0].message_sequence, places[0].ping.device_key), (0, 2, 1));
    call.send(&own(VERDICT + 4));
    let answer = next(&mut call).await;
    assert_eq!((answer.acknowledged, answer.rejected_rows[0].message_sequence), (1, 3), "later ones are told at once");
    let stream_number = held[0].stream_number;
    let offers = vec![offer(77, i64::MAX), offer(78, plane.now_ns())];
    plane.reply(vec![Reply::Settled { stream_number, message_sequence: 2, fields: Vec::new(), offers }]);
    let answer = next(&mut call).await;
    assert_eq!((answer.acknowledged, answer.offers.len()), (3, 1));
    let Crossing::Left(left) = crossing(&plane).await else { panic!() };
    assert_eq!(told(&left, &plane), [(77, true), (78, false)]);
    let statistics = plane.statistics();
    assert_eq!((statistics.due_offers, statistics.timely_offers, statistics.late_offers), (2, 1, 1));
}

#[tokio::test]
async fn offers_of_a_closed_stream_and_shut_gates_are_taken_back() {
    let (plane, seen) = plane();
    seen.gate_is_shut.store(true, Ordering::Relaxed);
    let client = Client::connect(&plane).await;
    let mut call = client.open(STREAM, &device(1)).await;
    call.send(&own(WIN));
    let Crossing::Decided { held, .. } = crossing(&plane).await else { panic!() };
    let stream_number = held[0].stream_number;
    let settled = |offers| vec![Reply::Settled { stream_number, message_sequence: 1, fields: Vec::new(), offers }];
    plane.reply(settled(vec![offer(1, i64::MAX)]));
    let answer = next(&mut call).await;
    assert_eq!((answer.acknowledged, answer.offers.len()), (1, 0));
    let Crossing::Left(left) = crossing(&plane).await else { panic!() };
    assert_eq!(told(&left, &plane), [(1, false)]);
    drop((call, client));
    soon(async {
        while plane.open_stream_count() > 0 {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    })
    .await;
    plane.reply(settled(vec![offer(2, i64::MAX)]));
    let Crossing::Left(left) = crossing(&plane).await else { panic!() };
    assert_eq!(told(&left, &plane), [(2, false)]);
}

#[tokio::test]
async fn tries_hold_operators_alone_and_hints_whoever_asked() {
    let (plane, _) = plane();
    let client = Client::connect(&plane).await;
    let mut call = client.open(STREAM, &gateway()).await;
    call.send(&batch(&[ACCEPT, TRY]));
    assert_eq!(next(&mut call).await.acknowledged, 1);
    let tried = plane.take_tried();
    assert_eq!(tried.iter().map(|item| item.tries.len()).collect::<Vec<_>>(), [1], "kept until somebody asks");
    let mut call = client.open(STREAM, &token("operator", "op", 600)).await;
    call.send(&batch(&[ACCEPT, TRY]));
    let Crossing::Decided { tries, places, held, .. } = crossing(&plane).await else { panic!("the first to cross") };
    assert_eq!((tries.len(), places.len(), held.len()), (1, 1, 1));
    assert!(held[0].wants_tries && !held[0].wants_next_ping);
    let mut call = client.open(STREAM, &device(3)).await;
    call.send(&ping(Ping { wants_next_ping: true, ..Ping::default() }));
    let Crossing::Decided { held, places, .. } = crossing(&plane).await else { panic!() };
    assert!(held[0].wants_next_ping);
    assert_eq!(places[0].ping.now_ms, 5, "as decided");
    call.finish();
    let stream_number = held[0].stream_number;
    plane.reply(vec![Reply::Settled { stream_number, message_sequence: 1, fields: vec![], offers: vec![] }]);
    assert_eq!(next(&mut call).await.acknowledged, 1);
    assert_eq!(call.status().await.0, 0);
}

#[tokio::test]
async fn hints_that_the_matcher_knows_come_with_the_acknowledgement() {
    let (plane, seen) = plane();
    seen.knows_hints.store(true, Ordering::Relaxed);
    let client = Client::connect(&plane).await;
    let mut call = client.open(STREAM, &device(3)).await;
    let asking = |session_id, sequence| ping(Ping { session_id, sequence, wants_next_ping: true, ..Ping::default() });
    for sequence in 1..=3 {
        call.send(&asking(ACCEPT, sequence));
        let answer = next(&mut call).await;
        let told: Vec<_> = answer.next_pings.iter().map(|hint| (hint.message_sequence, hint.distance_m)).collect();
        assert_eq!((answer.acknowledged, told), (sequence, vec![(sequence, sequence)]));
    }
    call.send(&asking(WIN, 4));
    let Crossing::Decided { held, .. } = crossing(&plane).await else { panic!("nothing crossed before") };
    assert!(held[0].message_sequence == 4 && held[0].wants_next_ping, "told with the offer");
    assert_eq!(seen.hints.load(Ordering::Relaxed), 3);
}

#[tokio::test]
async fn python_decides_what_the_matcher_cannot() {
    let (plane, _) = plane();
    let client = Client::connect(&plane).await;
    let mut call = client.open(STREAM, &gateway()).await;
    call.send(&batch(&[VERDICT + 4, WIN, UNDECIDED, ACCEPT]));
    let mut all = Vec::new();
    soon(async {
        while all.len() < 2 {
            plane.take_crossings(&mut all);
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    })
    .await;
    let Crossing::Undecided { worker, pings, ages_ms, arrivals_ms } = all.pop().unwrap() else { panic!() };
    let Crossing::Decided { held: first, .. } = all.pop().unwrap() else { panic!() };
    assert_eq!((pings.len(), ages_ms.len(), arrivals_ms.len(), pings[0].session_id), (2, 2, 2, UNDECIDED));
    call.send(&batch(&[VERDICT + 6]));
    let answer = next(&mut call).await;
    assert_eq!((answer.acknowledged, answer.rejected_rows.len()), (0, 1));
    assert_eq!(answer.catalog_generation, 9, "that of what is told, though its message is not decided");
    let mut outcome = Outcome { verdicts: vec![8, 10], catalog_generation: 10, ..Outcome::default() };
    let winner = |row: u8| {
        let mut bytes = [0; geooffer_plane::rows::WINNER_SIZE_BYTES];
        bytes[geooffer_plane::rows::WINNER_ROW_OFFSET] = row;
        geooffer_plane::rows::WinnerRow(bytes)
    };
    outcome.winners.push(winner(1));
    plane.reply(vec![Reply::Decided { worker, outcome, pings }]);
    let Crossing::Decided { places, held: second, .. } = crossing(&plane).await else { panic!() };
    assert_eq!((places[0].row, places[0].message_row), (1, 3));
    let settled = |held: &[geooffer_plane::control::Held]| Reply::Settled {
        stream_number: held[0].stream_number,
        message_sequence: held[0].message_sequence,
        fields: Vec::new(),
        offers: Vec::new(),
    };
    plane.reply(vec![settled(&first)]);
    let mut told = Vec::new();
    let mut answer = next(&mut call).await;
    while answer.acknowledged == 0 {
        told.extend(answer.rejected_rows.iter().map(|row| (row.message_sequence, row.verdict)));
        if told.len() == 2 {
            plane.reply(vec![settled(&second)]);
        }
        answer = next(&mut call).await;
    }
    told.extend(answer.rejected_rows.iter().map(|row| (row.message_sequence, row.verdict)));
    assert_eq!(told, [(1, 8), (2, 6)]);
    assert_eq!((answer.acknowledged, answer.catalog_generation), (2, 9));
}

#[tokio::test]
async fn what_waited_too_long_is_shed() {
    let (plane, seen) = plane();
    let client = Client::connect(&plane).await;
    let mut call = client.open(STREAM, &gateway()).await;
    // one frame, read at once: the batch fills a call of the matcher, which takes long; the rest waits
    let mut full = vec![ACCEPT; 1_024];
    full[0] = SLOW;
    let hasty = |device_key| ping(Ping { device_key, budget_ms: 1, ..Ping::default() });
    let patient = ping(Ping { device_key: 1, ..Ping::default() });
    let messages = [batch(&full), hasty(1), hasty(0), patient];
    let frame: Vec<u8> = messages.iter().flat_map(|message| framed(message)).collect();
    call.sender.send_data(frame.into(), true).unwrap();
    let (mut told, mut last) = (Vec::new(), 0);
    while let Some(answer) = call.next().await {
        let answer = read(&answer);
        last = answer.acknowledged;
        told.extend(answer.rejected_rows.iter().map(|row| (row.message_sequence, row.verdict)));
    }
    assert_eq!(told, [(2, 2), (3, 1)], "a malformed row is malformed, whatever else");
    assert_eq!((last, seen.rows.load(Ordering::Relaxed)), (4, 1_025));
    let statistics = plane.statistics();
    assert_eq!((statistics.shed_rows, statistics.shed_malformed_rows), (1, 1));
}

#[tokio::test]
async fn a_stream_ends_with_its_token_and_a_call_with_its_deadline() {
    let (plane, _) = plane();
    let client = Client::connect(&plane).await;
    let mut call = client.open(STREAM, &token("gateway", "short", 1)).await;
    call.send(&batch(&[ACCEPT]));
    assert_eq!(next(&mut call).await.acknowledged, 1);
    assert_eq!(call.status().await, (16, "a valid token is required".into()));
    let request = http::Request::post(format!("http://plane{STREAM}"))
        .header("content-type", "application/grpc")
        .header("authorization", gateway())
        .header("grpc-timeout", "100m")
        .body(())
        .unwrap();
    let mut call = client.send(request).await;
    assert_eq!(call.status().await.0, 4);
}

#[tokio::test]
async fn refuses_what_python_refuses() {
    let (plane, _) = plane();
    let client = Client::connect(&plane).await;
    let mut call = client.open(STREAM, &device(1)).await;
    call.send(&own(ACCEPT));
    call.send(&ping(Ping { device_key: 2, ..Ping::default() }));
    call.send(&own(ACCEPT));
    assert_eq!(next(&mut call).await.acknowledged, 1, "what was read before is answered");
    assert_eq!(call.status().await, (7, "the token is of another device".into()));
    let Crossing::Refused(refused) = crossing(&plane).await else { panic!() };
    assert_eq!((&refused[0].subject[..], refused[0].method), ("1", STREAM));
    let mut open = Vec::new();
    for _ in 0..4 {
        let mut call = client.open(STREAM, &device(9)).await;
        call.send(&own(ACCEPT));
        next(&mut call).await;
        open.push(call);
    }
    let mut fifth = client.open(STREAM, &device(9)).await;
    assert_eq!(fifth.status().await, (8, "a device has at most 4 streams".into()));
}

#[tokio::test]
async fn drain_answers_what_was_read_and_ends_every_stream() {
    let (plane, _) = plane();
    let client = Client::connect(&plane).await;
    let mut calls = Vec::new();
    for _ in 0..20 {
        let mut call = client.open(STREAM, &gateway()).await;
        call.send(&batch(&[ACCEPT]));
        next(&mut call).await;
        calls.push(call);
    }
    calls[0].send(&batch(&[WIN]));
    let Crossing::Decided { held, .. } = crossing(&plane).await else { panic!() };
    plane.begin_drain();
    for call in &mut calls[1..] {
        assert_eq!(call.status().await, (14, "the service is shutting down".into()));
    }
    let mut refused = client.open(STREAM, &gateway()).await;
    assert_eq!(refused.status().await.0, 14);
    assert_eq!(plane.open_stream_count(), 1, "its offer is awaited");
    let stream_number = held[0].stream_number;
    let offers = vec![offer(1, i64::MAX)];
    plane.reply(vec![Reply::Settled { stream_number, message_sequence: 2, fields: Vec::new(), offers }]);
    let answer = next(&mut calls[0]).await;
    assert_eq!((answer.acknowledged, answer.offers.len()), (2, 1));
    assert_eq!(calls[0].status().await.0, 14);
    drop(calls);
    tokio::task::spawn_blocking(move || plane.stop(Duration::from_secs(10))).await.unwrap();
    soon(client.connection).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_fault_ends_every_stream_with_its_reason() {
    let (plane, _) = plane();
    let client = Client::connect(&plane).await;
    let mut held = client.open(STREAM, &gateway()).await;
    held.send(&batch(&[WIN]));
    crossing(&plane).await;
    let mut ingest = client.open(INGEST, &gateway()).await;
    ingest.send(&batch(&[UNDECIDED]));
    crossing(&plane).await;
    plane.fail(&Refusal::new(Code::Unavailable, "JOURNAL", "the journal failed"));
    for call in [&mut held, &mut ingest] {
        assert_eq!(call.status().await, (14, "the journal failed".into()));
    }
    let mut later = client.open(STREAM, &gateway()).await;
    assert_eq!(later.status().await.0, 14);
}
