//! One connection at work: a task that reads, understands answers, sends what they make room for, and writes.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use crate::answers::Answer;
use crate::headers::{STREAM_PINGS, request_block};
use crate::link::{Link, Listener, Outgoing};
use crate::messages::{Common, put_batch, put_ping};
use crate::plan::Plan;
use crate::tally::{Tally, shed_rows};
use crate::transport::Socket;
use crate::world::{Step, Turns};

const READ_SIZE_BYTES: usize = 64 * 1024;
/// Reads in one turn of a connection, before others have theirs.
const READS_PER_TURN: usize = 16;

/// How far a run is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Streams are opened, with a message each.
    Opening,
    /// Not measured yet.
    Warming,
    /// Measured.
    Measuring,
    /// No more is sent; streams end when everything is answered.
    Ending,
}

/// What all connections of a run share.
pub struct Shared {
    /// What to do.
    pub plan: Plan,
    /// Counts.
    pub tally: RefCell<Tally>,
    /// How far.
    pub stage: Cell<Stage>,
    /// Streams whose first message was answered.
    pub opened: Cell<usize>,
    /// Streams that ended, and connections of them.
    pub finished: Cell<usize>,
    /// Open loop: messages due from here on are measured, ns.
    pub measured_from_ns: Cell<u64>,
    begun: Instant,
    common: Common,
    buffer: RefCell<Vec<u8>>,
}

impl Shared {
    /// Of a run that begins now.
    #[must_use]
    pub fn new(plan: Plan) -> Self {
        let common = Common::of(&plan.world, plan.session_id, plan.decision_budget_ms);
        let slow_ns = if plan.trace { plan.trace_above_us * 1_000 } else { u64::MAX };
        Self {
            tally: RefCell::new(Tally::new(plan.budget_ms * 1_000_000, slow_ns)),
            stage: Cell::new(Stage::Opening),
            opened: Cell::new(0),
            finished: Cell::new(0),
            measured_from_ns: Cell::new(u64::MAX),
            begun: Instant::now(),
            common,
            buffer: RefCell::new(vec![0; READ_SIZE_BYTES]),
            plan,
        }
    }

    /// Nanoseconds since the run began.
    #[must_use]
    pub fn now_ns(&self) -> u64 {
        u64::try_from(self.begun.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }
}

/// One stream: what of it is on its way.
struct Flight {
    turns: Turns,
    sent: u64,
    acknowledged: u64,
    /// When each unanswered message was meant to leave, oldest first, ns.
    intended_ns: VecDeque<u64>,
    has_ended: bool,
}

struct Flights {
    shared: Rc<Shared>,
    streams: Vec<Flight>,
    answer: Answer,
    steps: Vec<Step>,
    now_ns: u64,
    ended: usize,
}

/// A connection and its streams.
pub struct Peer {
    link: Link,
    flights: Flights,
    written: usize,
    waker: Option<Waker>,
    is_ending: bool,
}

impl Peer {
    /// Connection `number` of a run; opens its streams, each with a message.
    #[must_use]
    pub fn new(shared: &Rc<Shared>, number: usize) -> Self {
        let plan = &shared.plan;
        let each = plan.world.device_count / plan.stream_count();
        let mut link = Link::new();
        let mut flights = Flights {
            shared: Rc::clone(shared),
            streams: Vec::new(),
            answer: Answer::default(),
            steps: Vec::new(),
            now_ns: shared.now_ns(),
            ended: 0,
        };
        let authority = if plan.server_name.is_empty() { &plan.address } else { &plan.server_name };
        for place in 0..plan.streams_per_connection {
            // streams are numbered across connections, so that streams in turn are connections in turn
            let stream = place * plan.connection_count + number;
            let block = request_block(STREAM_PINGS, authority, !plan.ca_pem.is_empty(), plan.token(stream));
            link.out.open(&block);
            flights.streams.push(Flight {
                turns: Turns::new(stream, each),
                sent: 0,
                acknowledged: 0,
                intended_ns: VecDeque::new(),
                has_ended: false,
            });
            flights.send(&mut link.out, place, flights.now_ns, 0);
        }
        Self { link, flights, written: 0, waker: None, is_ending: false }
    }

    /// Fill the windows of all streams: a closed loop begins.
    pub fn fill(&mut self) {
        let now_ns = self.flights.shared.now_ns();
        for stream in 0..self.flights.streams.len() {
            self.flights.burst(&mut self.link.out, stream, self.flights.shared.plan.window, now_ns);
        }
        self.wake();
    }

    /// Send one message of a stream that was meant to leave at `intended_ns`.
    pub fn send(&mut self, stream: usize, intended_ns: u64) {
        self.flights.send(&mut self.link.out, stream, intended_ns, 0);
        self.wake();
    }

    /// Have the task look at what is to be done.
    pub fn wake(&self) {
        if let Some(waker) = &self.waker {
            waker.wake_by_ref();
        }
    }

    /// Messages sent on each stream.
    pub fn sent(&self) -> impl Iterator<Item = u64> + '_ {
        self.flights.streams.iter().map(|flight| flight.sent)
    }

    fn poll(&mut self, context: &mut Context<'_>, socket: &mut Socket) -> Poll<Result<(), String>> {
        match &mut self.waker {
            Some(waker) => waker.clone_from(context.waker()),
            empty => *empty = Some(context.waker().clone()),
        }
        let shared = Rc::clone(&self.flights.shared);
        let mut buffer = shared.buffer.borrow_mut();
        for reads in 0.. {
            match socket.poll_read(context, &mut buffer) {
                Poll::Ready(Ok(0)) => return Poll::Ready(Err("the peer closed the connection".to_owned())),
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error.kind().to_string())),
                Poll::Ready(Ok(count)) => {
                    self.flights.now_ns = shared.now_ns();
                    self.link.receive(&buffer[..count], &mut self.flights)?;
                }
                Poll::Pending => break,
            }
            if reads == READS_PER_TURN {
                context.waker().wake_by_ref();
                break;
            }
        }
        if shared.stage.get() == Stage::Ending {
            self.end_if_answered();
        }
        match socket.poll_write_all(context, &self.link.out.bytes, &mut self.written) {
            Poll::Ready(Ok(())) => {
                self.link.out.bytes.clear();
                self.written = 0;
            }
            Poll::Ready(Err(error)) => return Poll::Ready(Err(error.kind().to_string())),
            Poll::Pending => {}
        }
        if self.flights.ended == self.flights.streams.len() { Poll::Ready(Ok(())) } else { Poll::Pending }
    }

    fn end_if_answered(&mut self) {
        let is_answered = |flight: &Flight| flight.has_ended || flight.acknowledged == flight.sent;
        if !self.is_ending && self.flights.streams.iter().all(is_answered) {
            self.is_ending = true;
            for (stream, flight) in self.flights.streams.iter().enumerate() {
                if !flight.has_ended {
                    self.link.out.end(stream);
                }
            }
        }
    }
}

/// Drive a connection until all its streams have ended or it breaks.
pub async fn drive(peer: Rc<RefCell<Peer>>, mut socket: Socket) {
    let result = poll_fn(|context| peer.borrow_mut().poll(context, &mut socket)).await;
    let peer = peer.borrow();
    let shared = &peer.flights.shared;
    let open = peer.flights.streams.len() - peer.flights.ended;
    if let Err(text) = result {
        shared.tally.borrow_mut().count_error(text, open as u64);
    }
    shared.finished.set(shared.finished.get() + open);
}

impl Flights {
    fn send(&mut self, out: &mut Outgoing, stream: usize, intended_ns: u64, age_ms: i64) {
        let shared = &self.shared;
        let flight = &mut self.streams[stream];
        if flight.has_ended {
            return;
        }
        let steps = &mut self.steps;
        let world = &shared.plan.world;
        steps.clear();
        steps.extend((0..shared.plan.rows_per_message()).map(|_| {
            let (key, step) = flight.turns.advance();
            world.step(key, step)
        }));
        if shared.plan.row_count == 0 {
            out.send(stream, |bytes| put_ping(bytes, &shared.common, &steps[0], age_ms));
        } else {
            out.send(stream, |bytes| put_batch(bytes, &shared.common, steps));
        }
        flight.sent += 1;
        flight.intended_ns.push_back(intended_ns);
        shared.tally.borrow_mut().sent += 1;
    }

    /// Several messages at once: a phone that collected fixes, each a millisecond younger than the one before.
    fn burst(&mut self, out: &mut Outgoing, stream: usize, count: usize, now_ns: u64) {
        for left in (0..i64::try_from(count).unwrap_or(0)).rev() {
            self.send(out, stream, now_ns, if self.shared.plan.world.names_devices { 0 } else { left });
        }
    }

    /// Settle all messages up to the one acknowledged; how many these are.
    fn settle(&mut self, stream: usize) -> u64 {
        let shared = &self.shared;
        let (flight, answer) = (&mut self.streams[stream], &self.answer);
        let mut tally = shared.tally.borrow_mut();
        tally.count_answer(answer);
        let news = answer.acknowledged.saturating_sub(flight.acknowledged);
        if answer.acknowledged > flight.sent {
            tally.count_error("acknowledged what was never sent".to_owned(), 1);
            return 0;
        }
        let rows = shared.plan.rows_per_message() as u64;
        let is_closed = !shared.plan.is_open_loop();
        for _ in 0..news {
            flight.acknowledged += 1;
            let sequence = flight.acknowledged;
            let Some(intended_ns) = flight.intended_ns.pop_front() else { break };
            let is_measured = if is_closed {
                shared.stage.get() == Stage::Measuring
            } else {
                intended_ns >= shared.measured_from_ns.get()
            };
            if is_measured {
                tally.count_measured(intended_ns, self.now_ns, rows, shed_rows(answer, sequence));
                if answer.offers.contains(&sequence) {
                    tally.offer_latencies.saturating_record(self.now_ns.saturating_sub(intended_ns).max(1));
                }
            }
        }
        tally.acknowledged += news;
        news
    }
}

impl Listener for Flights {
    fn on_message(&mut self, out: &mut Outgoing, stream: usize, body: &[u8]) {
        if self.answer.read(body).is_err() {
            self.shared.tally.borrow_mut().count_error("an answer that cannot be read".to_owned(), 1);
            return;
        }
        let was_new = self.streams[stream].acknowledged == 0;
        let news = self.settle(stream);
        if was_new && news > 0 {
            self.shared.opened.set(self.shared.opened.get() + 1);
        }
        let stage = self.shared.stage.get();
        if !self.shared.plan.is_open_loop() && (stage == Stage::Warming || stage == Stage::Measuring) {
            let room = if self.shared.plan.world.names_devices {
                usize::try_from(news).unwrap_or(0)
            } else if self.streams[stream].intended_ns.is_empty() {
                // a phone collects all of its next fixes: those sent one by one would be older than the last it sent
                self.shared.plan.window
            } else {
                0
            };
            self.burst(out, stream, room, self.now_ns);
        }
    }

    fn on_end(&mut self, stream: usize, end: Result<(), String>) {
        let flight = &mut self.streams[stream];
        flight.has_ended = true;
        self.ended += 1;
        self.shared.finished.set(self.shared.finished.get() + 1);
        let early = self.shared.stage.get() != Stage::Ending || flight.acknowledged != flight.sent;
        let text = match end {
            Ok(()) if !early => return,
            Ok(()) => "ended early with status 0".to_owned(),
            Err(text) => text,
        };
        self.shared.tally.borrow_mut().count_error(text, 1);
    }
}
