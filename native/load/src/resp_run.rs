//! A run against a server that speaks Redis's protocol (Tile38): closed loop, a task for each connection, and one that
//! hears of all fences. Devices, turns and paths are those of a run against ours.

use std::collections::VecDeque;
use std::io;
use std::rc::Rc;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::task::{JoinHandle, spawn_local};
use tokio::time::{sleep, timeout};

use crate::LoadError;
use crate::mark::{self, Mark};
use crate::peer::{Shared, Stage};
use crate::plan::Plan;
use crate::processor::Watched;
use crate::report::Report;
use crate::resp::{SUBSCRIBE, Told, put_point, told};
use crate::world::Turns;

/// Numbers of `TransitionKind`.
const EXIT: usize = 1;
const ENTER: usize = 2;
/// No event for so long after the last answer: none is on its way any more.
const QUIET: Duration = Duration::from_millis(500);
const READ_SIZE_BYTES: usize = 64 * 1_024;

/// Run a plan. Needs a `LocalSet`.
///
/// # Errors
/// No connection, or one broke.
pub async fn run(plan: Plan) -> Result<Report, LoadError> {
    let start = |error: io::Error| LoadError::Start(error.to_string());
    let shared = Rc::new(Shared::new(plan));
    let plan = &shared.plan;
    let own = Watched::this_thread();
    let events = TcpStream::connect(&plan.address).await.map_err(start)?;
    let listening = spawn_local(hear(events, Rc::clone(&shared)));
    // subscribed before the first point is set
    sleep(Duration::from_millis(100)).await;
    let mut speaking: Vec<JoinHandle<io::Result<u64>>> = Vec::new();
    for number in 0..plan.connection_count {
        let socket = TcpStream::connect(&plan.address).await.map_err(start)?;
        socket.set_nodelay(true).map_err(start)?;
        speaking.push(spawn_local(speak(socket, number, Rc::clone(&shared))));
    }
    shared.opened.set(plan.connection_count);
    shared.stage.set(Stage::Warming);
    sleep(Duration::from_secs_f64(plan.warmup_s)).await;
    let first = Mark::now(&shared, own.as_ref());
    shared.stage.set(Stage::Measuring);
    sleep(Duration::from_secs_f64(plan.measure_s)).await;
    let marks = [first, Mark::now(&shared, own.as_ref())];
    shared.stage.set(Stage::Ending);
    let mut sent = Vec::new();
    for connection in speaking {
        let grace = timeout(Duration::from_secs_f64(plan.grace_s), connection).await;
        let ended = grace.map_err(|_| LoadError::Start("a connection did not answer in time".to_owned()))?;
        sent.push(ended.map_err(|error| LoadError::Start(error.to_string()))?.map_err(start)?);
    }
    let heard = listening.await.map_err(|error| LoadError::Start(error.to_string()))?;
    heard.map_err(start)?;
    Ok(mark::report(&shared, &marks, sent, None))
}

/// Keep the window full until the run ends, then have everything answered: how much was sent.
async fn speak(mut socket: TcpStream, number: usize, shared: Rc<Shared>) -> io::Result<u64> {
    let plan = &shared.plan;
    let mut turns = Turns::new(number, plan.world.device_count / plan.connection_count);
    let mut flying: VecDeque<u64> = VecDeque::new();
    let mut out = Vec::new();
    let mut read = vec![0; READ_SIZE_BYTES];
    let mut line_length = 0;
    let mut sent = 0;
    loop {
        if shared.stage.get() != Stage::Ending {
            let now_ns = shared.now_ns();
            while flying.len() < plan.window {
                let (key, step) = turns.advance();
                put_point(&mut out, &plan.world.step(key, step));
                flying.push_back(now_ns);
                sent += 1;
                shared.tally.borrow_mut().sent += 1;
            }
            socket.write_all(&out).await?;
            out.clear();
        }
        if flying.is_empty() {
            return Ok(sent);
        }
        let count = socket.read(&mut read).await?;
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let now_ns = shared.now_ns();
        let mut tally = shared.tally.borrow_mut();
        for &byte in &read[..count] {
            if line_length == 0 && byte != b'+' {
                tally.count_error("a point was refused".to_owned(), 1);
            }
            line_length += 1;
            if byte == b'\n' {
                line_length = 0;
                tally.acknowledged += 1;
                let intended_ns = flying.pop_front().unwrap_or(now_ns);
                if shared.stage.get() == Stage::Measuring {
                    tally.count_measured(intended_ns, now_ns, 1, 0);
                }
            }
        }
    }
}

/// Count what fences tell, until the run is over and nothing more comes.
async fn hear(mut socket: TcpStream, shared: Rc<Shared>) -> io::Result<()> {
    socket.write_all(SUBSCRIBE).await?;
    let mut lines = BufReader::with_capacity(READ_SIZE_BYTES, socket);
    let mut line = Vec::new();
    loop {
        // not cancelled in the middle of a line: what was read of it stays
        match timeout(QUIET, lines.read_until(b'\n', &mut line)).await {
            Err(_) if is_answered(&shared) => return Ok(()),
            Err(_) => continue,
            Ok(Ok(0)) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(count) => count?,
        };
        let mut tally = shared.tally.borrow_mut();
        match told(&line) {
            Told::Enter => tally.transitions[ENTER] += 1,
            Told::Exit => tally.transitions[EXIT] += 1,
            Told::Nothing => {}
            Told::Unexpected => tally.count_error("an event that nobody asked for".to_owned(), 1),
        }
        line.clear();
    }
}

fn is_answered(shared: &Shared) -> bool {
    let tally = shared.tally.borrow();
    shared.stage.get() == Stage::Ending && tally.acknowledged == tally.sent
}
