//! A call's own task: opens it, reads its messages, and cleans up. Answers are written by whoever has some (sending.rs).

use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bytes::Bytes;
use h2::RecvStream;
use h2::server::SendResponse;
use http::{HeaderMap, Request};

use crate::admission::Queued;
use crate::call::{self, PingMethod};
use crate::control::RefusedCall;
use crate::framing::Frames;
use crate::hold::StreamState;
use crate::identity::{Identity, Sender};
use crate::intake::Body;
use crate::limits::LONG_QUEUE_ROW_COUNT;
use crate::quotas::Account;
use crate::refusal::{Code, Refusal};
use crate::respond::{Gone, Sink};
use crate::streams::PingStream;
use crate::tokens::{TokenRole, now_s};
use crate::wire::decode::RequestKind;
use crate::worker::Worker;

/// Serve one call of PingService.
pub(crate) async fn serve(
    worker: &Rc<Worker>,
    method: PingMethod,
    request: Request<RecvStream>,
    respond: SendResponse<Bytes>,
) {
    let identity = match identify(worker, method, request.headers()) {
        Ok(identity) => identity,
        Err(refusal) => return call::refuse(respond, &refusal),
    };
    let account = worker.tables.quotas.account(&identity, Instant::now());
    let mut open = match OpenStream::enter(worker, method, &identity, &account) {
        Ok(open) => open,
        Err(refusal) => {
            let role = TokenRole::from(identity.role);
            tell_refused(worker, role, &identity.subject, method, &refusal);
            return call::refuse(respond, &refusal);
        }
    };
    let deadline = timeout_of(request.headers()).map(|timeout| Instant::now() + timeout);
    let stream = open.begin(&identity, deadline, Sink::new(respond));
    let mut reading = Reading {
        worker: Rc::clone(worker),
        method,
        account,
        sender: identity.sender.clone(),
        body: Body::new(request.into_body()),
        frames: Frames::default(),
        stream,
    };
    poll_fn(|context| reading.turn(context)).await;
    let end = reading.stream.state.borrow().end().cloned();
    if let Some(refusal) = end {
        tell_refused(worker, identity.role.into(), &identity.subject, method, &refusal);
    }
}

/// The caller, by its token. What a good token may not do is told for the audit log.
pub(crate) fn identify(worker: &Worker, method: PingMethod, headers: &HeaderMap) -> Result<Identity, Refusal> {
    let verified = worker.tables.tokens.verify_headers(headers, now_s()).ok_or_else(Refusal::unauthenticated)?;
    let (role, subject) = (verified.role, verified.subject.clone());
    verified.into_identity().inspect_err(|refusal| tell_refused(worker, role, &subject, method, refusal))
}

/// Only what the audit log keeps: what this caller may not, or too much of it (rpc/refusals.py).
fn tell_refused(worker: &Worker, role: TokenRole, subject: &str, method: PingMethod, refusal: &Refusal) {
    if matches!(refusal.reason, "PERMISSION_DENIED" | "QUOTA_EXCEEDED") {
        let call = RefusedCall { role, subject: subject.to_owned(), method: method.path(), refusal: refusal.clone() };
        worker.outbox.tell_refused(call, &worker.counters);
        worker.outbox.flush();
    }
}

/// `grpc-timeout`: up to eight digits and a unit; what is none counts for nothing.
fn timeout_of(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get("grpc-timeout")?.to_str().ok()?;
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    if digits.is_empty() || digits.len() > 8 || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let amount: u64 = digits.parse().ok()?;
    Some(match unit {
        "H" => Duration::from_secs(amount * 3_600),
        "M" => Duration::from_secs(amount * 60),
        "S" => Duration::from_secs(amount),
        "m" => Duration::from_millis(amount),
        "u" => Duration::from_micros(amount),
        "n" => Duration::from_nanos(amount),
        _ => return None,
    })
}

/// A call that was let in, until it is over.
struct OpenStream {
    worker: Rc<Worker>,
    method: PingMethod,
    /// Its caller has one more stream.
    of_caller: Option<(crate::identity::Role, String)>,
    stream: Option<Rc<PingStream>>,
    /// On the plane's clock.
    ends_ns: Vec<i64>,
}

impl OpenStream {
    fn enter(worker: &Rc<Worker>, method: PingMethod, identity: &Identity, account: &Account) -> Result<Self, Refusal> {
        if worker.is_draining.get() {
            return Err(Refusal::draining());
        }
        if let Some(fault) = &*worker.fault.borrow() {
            return Err(fault.clone());
        }
        worker.callers.enter()?;
        let worker = Rc::clone(worker);
        let mut open = Self { worker, method, of_caller: None, stream: None, ends_ns: Vec::new() };
        // opening costs as much as a ping, so that reconnecting is no way around
        account.take(1, Instant::now())?;
        open.worker.callers.enter_stream(method, identity)?;
        open.of_caller = Some((identity.role, identity.subject.clone()));
        Ok(open)
    }

    fn begin(&mut self, identity: &Identity, deadline: Option<Instant>, sink: Sink) -> Rc<PingStream> {
        let worker = &self.worker;
        let number = worker.streams.borrow_mut().next_number();
        let state = StreamState::new(self.method, identity.role, identity.sender.clone());
        let stream = PingStream::new(number, state, sink);
        worker.streams.borrow_mut().insert(Rc::clone(&stream));
        worker.count_streams();
        let now_ns = worker.clock.now_ns();
        if let Some(deadline) = deadline {
            let left_ns = deadline.saturating_duration_since(Instant::now()).as_nanos();
            let at_ns = now_ns.saturating_add(i64::try_from(left_ns).unwrap_or(i64::MAX));
            self.ends_ns.push(at_ns);
            stream.state.borrow_mut().call_ends_ns = at_ns;
        }
        if self.method == PingMethod::Stream {
            self.ends_ns.push(now_ns.saturating_add(ns_until(identity.expires_at_s)));
        }
        for &at_ns in &self.ends_ns {
            if worker.streams.borrow_mut().end_at(at_ns, number) {
                worker.first_end_changed.notify_one();
            }
        }
        self.stream = Some(Rc::clone(&stream));
        stream
    }
}

#[expect(clippy::cast_possible_truncation, reason = "saturates")]
fn ns_until(at_s: f64) -> i64 {
    ((at_s - now_s()).max(0.0) * 1e9) as i64
}

impl Drop for OpenStream {
    fn drop(&mut self) {
        let worker = &self.worker;
        if let Some(stream) = &self.stream {
            stream.is_gone.set(true);
            let mut streams = worker.streams.borrow_mut();
            streams.remove(stream.number);
            for &at_ns in &self.ends_ns {
                streams.forget_end(at_ns, stream.number);
            }
            drop(streams);
            worker.count_streams();
            worker.take_back_unsent(stream);
        }
        if let Some((role, subject)) = &self.of_caller {
            worker.callers.leave_stream(self.method, *role, subject);
        }
        worker.callers.leave();
    }
}

struct Reading {
    worker: Rc<Worker>,
    method: PingMethod,
    account: Account,
    sender: Sender,
    body: Body,
    frames: Frames,
    stream: Rc<PingStream>,
}

impl Reading {
    /// Ready when the call is over.
    fn turn(&mut self, context: &mut Context<'_>) -> Poll<()> {
        self.stream.set_waker(context);
        if self.is_over() || self.read(context).is_err() {
            return Poll::Ready(());
        }
        if self.stream.state.borrow().is_finished() || self.method == PingMethod::Ingest {
            self.worker.write(&self.stream);
        }
        while self.stream.is_blocked.get() && !self.is_over() {
            let writable = self.stream.sink.borrow_mut().poll_writable(context);
            match writable {
                Poll::Ready(Ok(())) => self.worker.write(&self.stream),
                Poll::Ready(Err(Gone)) => return Poll::Ready(()),
                Poll::Pending => break,
            }
        }
        if self.is_over() {
            return Poll::Ready(());
        }
        if !self.stream.is_blocked.get() && !self.is_reading() {
            return self.stream.sink.borrow_mut().poll_gone(context);
        }
        Poll::Pending
    }

    fn is_over(&self) -> bool {
        self.stream.is_gone.get() || self.stream.sink.borrow().is_over()
    }

    fn is_reading(&self) -> bool {
        let state = self.stream.state.borrow();
        !state.is_reading_over() && !state.is_reader_waiting
    }

    /// Read all there is, as far as there is room.
    fn read(&mut self, context: &mut Context<'_>) -> Result<(), Gone> {
        while self.may_read() {
            match self.frames.next_message() {
                Ok(Some(message)) => {
                    if let Err(refusal) = self.submit(&message) {
                        self.stop(Some(refusal));
                    }
                    continue;
                }
                Ok(None) => {}
                Err(refusal) => {
                    self.stop(Some(refusal));
                    continue;
                }
            }
            match self.body.poll_frame(context) {
                Poll::Ready(Ok(Some(frame))) => self.frames.push(frame),
                Poll::Ready(Ok(None)) => self.end_of_stream(),
                Poll::Ready(Err(Gone)) => return Err(Gone),
                Poll::Pending => return Ok(()),
            }
        }
        Ok(())
    }

    fn may_read(&self) -> bool {
        let mut state = self.stream.state.borrow_mut();
        if state.is_reading_over() {
            return false;
        }
        let is_long = self.worker.intake.borrow().queue.row_count() > LONG_QUEUE_ROW_COUNT;
        let may_read = state.has_room() && !(is_long && state.has_undecided_rows());
        state.is_reader_waiting = !may_read;
        may_read
    }

    fn end_of_stream(&self) {
        let has_message = self.stream.state.borrow().has_read();
        if !self.frames.is_between_messages() {
            self.stop(Some(Refusal::new(Code::Internal, "", "the last message is not whole")));
        } else if self.method == PingMethod::Ingest && !has_message {
            self.stop(Some(Refusal::new(Code::Internal, "", "a message is missing")));
        } else {
            self.stop(None);
        }
    }

    fn stop(&self, refusal: Option<Refusal>) {
        self.stream.state.borrow_mut().stop_reading(refusal);
    }

    fn submit(&self, message: &[u8]) -> Result<(), Refusal> {
        let worker = &self.worker;
        let now = Instant::now();
        let mut intake = worker.intake.borrow_mut();
        let intake = &mut *intake;
        let columns = &mut intake.queue.columns;
        let (kind, number) = match self.method {
            PingMethod::Stream => (RequestKind::Stream, self.stream.number),
            PingMethod::Ingest => (RequestKind::Ingest, 0),
        };
        let row_count = columns.len();
        let head = intake.decoder.decode(kind, message, &self.sender, number, columns)?;
        if let Err(refusal) = self.account.take(head.row_count, now) {
            columns.pings.truncate(row_count);
            columns.ages_ms.truncate(row_count);
            return Err(refusal);
        }
        let arrival_ns = worker.clock.ns_of(now);
        let budget_ms = if head.budget_ms == 0 { worker.settings.default_budget_ms } else { head.budget_ms };
        let item = Queued {
            stream: Rc::clone(&self.stream),
            sequence: self.stream.state.borrow_mut().read(head.row_count),
            row_count: head.row_count,
            malformed_count: head.malformed_count,
            wants_next_ping: head.wants_next_ping,
            deadline_ns: if budget_ms == 0 { i64::MAX } else { arrival_ns.saturating_add(budget_ms * 1_000_000) },
            arrival_ns,
            arrival_ms: worker.matcher.borrow().real_ms(now),
        };
        intake.queue.put(item, &mut intake.shed);
        worker.ask_flush();
        if self.method == PingMethod::Ingest {
            self.stop(None);
        }
        Ok(())
    }
}
