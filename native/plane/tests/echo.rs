//! The echo plane: the transport alone.

mod common;

use std::time::Duration;

use common::{Client, INGEST, STREAM, no_wake, settings, soon};
use geooffer_plane::identity::{Identity, Role, Sender};
use geooffer_plane::matcher::{Gate, Matcher, Outcome, Step};
use geooffer_plane::plane::{Plane, Tables};
use geooffer_plane::rows::PingRow;
use geooffer_plane::stand_in::ConnectionBounds;
use http::Request;

struct NoMatcher;

impl Matcher for NoMatcher {
    fn decide(&mut self, _: &mut [PingRow], _: &[i64], _: usize, _: &mut Outcome) -> Step {
        unreachable!("echo decides nothing")
    }

    fn may_send(&mut self, _: &Gate) -> bool {
        unreachable!("echo offers nothing")
    }
}

fn echo() -> Plane {
    let identity = Identity { role: Role::Device, subject: "1".into(), sender: Sender::default(), expires_at_s: 9e9 };
    let identify = std::sync::Arc::new(move |_: &http::HeaderMap| Ok(identity.clone()));
    let tables = Tables { identify, bounds: ConnectionBounds::new(100) };
    let settings = geooffer_plane::settings::PlaneSettings { echo: true, ..settings() };
    Plane::start(settings, tables, &no_wake(), |_| Box::new(NoMatcher)).unwrap()
}

fn acknowledged(answer: &[u8]) -> i64 {
    assert_eq!(answer[0], 0x0a);
    assert_eq!(usize::from(answer[1]), answer.len() - 2);
    assert_eq!(answer[2], 0x08);
    let digits = answer[3..answer.len() - 2].iter().enumerate();
    assert_eq!(answer[answer.len() - 2..], [0x30, 1]);
    digits.map(|(place, digit)| i64::from(digit & 0x7f) << (7 * place)).sum()
}

#[tokio::test]
async fn acknowledges_every_message() {
    let mut plane = echo();
    let client = Client::connect(&plane).await;
    let mut call = client.open(STREAM, "").await;
    for count in 1..=300 {
        call.send(&[0; 50]);
        assert_eq!(acknowledged(&call.next().await.unwrap()), count);
    }
    for _ in 0..5_000 {
        call.send(&[0; 50]);
    }
    let mut told = 0;
    while told < 5_300 {
        told = acknowledged(&call.next().await.unwrap());
    }
    call.finish();
    assert_eq!(call.status().await.0, 0);
    let mut call = client.open(INGEST, "").await;
    call.send(&[0; 50]);
    call.finish();
    assert_eq!(acknowledged(&call.next().await.unwrap()), 1);
    assert_eq!(call.status().await.0, 0);
    tokio::task::spawn_blocking(move || plane.stop(Duration::from_secs(5))).await.unwrap();
    soon(client.connection).await.unwrap().unwrap();
}

#[tokio::test]
async fn refuses_what_is_no_call_of_pings() {
    let plane = echo();
    let client = Client::connect(&plane).await;
    let mut unknown = client.open("/geooffer.v1.PingService/Pong", "").await;
    assert_eq!(unknown.status().await.0, 12);
    let mut get = client.send(Request::get("http://plane/").body(()).unwrap()).await;
    assert_eq!(get.response.take().unwrap().await.unwrap().status(), 405);
    let mut json =
        client.send(Request::post("http://plane/").header("content-type", "application/json").body(()).unwrap());
    assert_eq!(soon(&mut json.await.response.take().unwrap()).await.unwrap().status(), 415);
}
