//! The echo plane: the transport alone.

mod common;

use std::time::{Duration, Instant};

use common::answers::read;
use common::{Client, INGEST, STREAM, device, settings, soon, start};
use geooffer_plane::matcher::{Gate, HintRules, Matcher, Outcome, Step};
use geooffer_plane::plane::Plane;
use geooffer_plane::rows::{HintRow, PingRow};
use http::Request;

/// Whose first decision is a fault.
struct NoMatcher;

impl Matcher for NoMatcher {
    fn decide(&mut self, _: &mut [PingRow], _: &[i64], _: &[i64], _: usize, _: &mut Outcome) -> Step {
        unreachable!("echo decides nothing")
    }

    fn real_ms(&self, _: Instant) -> i64 {
        0
    }

    fn hint_rules(&mut self) -> Option<HintRules> {
        None
    }

    fn hint(&mut self, _: &[PingRow], _: &mut Vec<HintRow>) -> bool {
        false
    }

    fn may_send(&mut self, _: &Gate) -> bool {
        unreachable!("echo offers nothing")
    }
}

fn echo() -> Plane {
    let settings = geooffer_plane::settings::PlaneSettings { echo: true, ..settings() };
    start(settings, |_| Box::new(NoMatcher))
}

fn acknowledged(answer: &[u8]) -> i64 {
    read(answer).acknowledged
}

#[tokio::test]
async fn acknowledges_every_message() {
    let plane = echo();
    let client = Client::connect(&plane).await;
    let mut call = client.open(STREAM, &device(1)).await;
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
    let mut call = client.open(INGEST, &device(1)).await;
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
    let mut query = client.open("/geooffer.v1.PingService/StreamPings?x=1", &device(1)).await;
    assert_eq!(query.status().await.0, 12);
    let mut nobody = client.open(STREAM, "Bearer x").await;
    assert_eq!(nobody.status().await, (16, "a valid token is required".into()));
    let mut get = client.send(Request::get("http://plane/").body(()).unwrap()).await;
    assert_eq!(get.response.take().unwrap().await.unwrap().status(), 405);
    let json = client.send(Request::post("http://plane/").header("content-type", "application/json").body(()).unwrap());
    assert_eq!(soon(&mut json.await.response.take().unwrap()).await.unwrap().status(), 415);
}

#[tokio::test]
async fn a_worker_that_cannot_decide_any_more_ends_and_is_missed() {
    let plane = start(settings(), |_| Box::new(NoMatcher));
    let client = Client::connect(&plane).await;
    let mut call = client.open(STREAM, &device(1)).await;
    assert_eq!(plane.statistics().ended_workers, 0);
    call.send(&common::answers::own(0));
    soon(async {
        while plane.statistics().ended_workers == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
    assert!(soon(client.connection).await.is_ok(), "its connections are closed");
    plane.stop(Duration::ZERO);
}
