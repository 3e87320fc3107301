//! Answers out: whoever has something for a stream writes it at once, as far as the peer's window goes.

use std::cell::RefMut;
use std::rc::Rc;

use bytes::Bytes;

use crate::call::PingMethod;
use crate::control::LeftOffer;
use crate::hold::StreamState;
use crate::matcher::Gate;
use crate::refusal::{Code, Refusal};
use crate::respond::{Gone, Sink};
use crate::streams::PingStream;
use crate::wire::answers::{AnswerDraft, write_acknowledgement};
use crate::worker::Worker;

/// Where less is left, answers go to another piece of memory.
const ANSWER_ROOM_BYTES: usize = 64;
const ANSWER_CHUNK_BYTES: usize = 4_096;

impl Worker {
    /// Write later, once, together with what else the stream is going to be told now.
    pub(crate) fn touch(&self, stream: &Rc<PingStream>) {
        if !stream.is_touched.replace(true) {
            self.touched.borrow_mut().push(Rc::clone(stream));
        }
    }

    /// Write to all that were touched.
    pub(crate) fn write_touched(&self) {
        let mut touched = self.touched.take();
        for stream in touched.drain(..) {
            stream.is_touched.set(false);
            self.write(&stream);
        }
        // keeps its room for the next time; writing touches nobody
        self.touched.replace(touched);
    }

    /// Write what a stream is to be told, and its end. What the window does not take waits for it.
    pub(crate) fn write(&self, stream: &Rc<PingStream>) {
        if stream.is_gone.get() {
            return;
        }
        let (mut state, mut sink) = (stream.state.borrow_mut(), stream.sink.borrow_mut());
        if sink.is_over() {
            return;
        }
        let written = match state.method {
            PingMethod::Stream => self.write_stream(stream, &mut state, &mut sink),
            PingMethod::Ingest => self.write_ingest(stream, &mut state, &mut sink),
        };
        let is_gone = written.is_err();
        stream.is_gone.set(is_gone);
        let may_read_on = state.is_reader_waiting && (state.has_room() || state.is_reading_over());
        if is_gone || sink.is_over() || stream.is_blocked.get() || may_read_on {
            stream.wake();
        }
    }

    fn write_stream(
        &self,
        stream: &PingStream,
        state: &mut RefMut<'_, StreamState>,
        sink: &mut Sink,
    ) -> Result<(), Gone> {
        stream.is_blocked.set(false);
        while !state.drafts.is_empty() {
            if !sink.is_ready()? {
                stream.is_blocked.set(true);
                return Ok(());
            }
            if let Some(draft) = state.drafts.take() {
                sink.write(self.encode(draft, state))?;
            }
        }
        if !sink.flush()? {
            stream.is_blocked.set(true);
        } else if state.is_finished() {
            sink.end(state.end())?;
        }
        Ok(())
    }

    fn write_ingest(
        &self,
        stream: &PingStream,
        state: &mut RefMut<'_, StreamState>,
        sink: &mut Sink,
    ) -> Result<(), Gone> {
        stream.is_blocked.set(false);
        if !state.is_reading_over() || !state.is_decided() {
            return Ok(());
        }
        if state.is_abandoned() {
            let fault = self.fault.borrow().clone();
            return sink.end(Some(&fault.unwrap_or_else(Refusal::draining)));
        }
        if state.end().is_none() && !state.drafts.is_empty() {
            if !sink.is_ready()? {
                stream.is_blocked.set(true);
                return Ok(());
            }
            if let Some(whole) = state.drafts.take_whole() {
                sink.write(self.encode(whole, state))?;
            }
        }
        if !sink.flush()? {
            stream.is_blocked.set(true);
            return Ok(());
        }
        sink.end(state.end())
    }

    /// The bytes of a draft that is about to be written; its offers pass the send gate here.
    fn encode(&self, draft: AnswerDraft, state: &StreamState) -> Bytes {
        let mut buffer = self.buffer.borrow_mut();
        if buffer.capacity() < ANSWER_ROOM_BYTES {
            // one allocation for some two hundred acknowledgements; it is kept as long as one of them waits
            buffer.reserve(ANSWER_CHUNK_BYTES);
        }
        if draft.is_acknowledgement_only() {
            write_acknowledgement(draft.acknowledged(), state.location_wanted, state.catalog_generation, &mut buffer);
        } else {
            draft.write(
                &self.tables.names,
                state.location_wanted,
                state.catalog_generation,
                |gate| self.may_leave(gate),
                &mut buffer,
            );
        }
        buffer.split().freeze()
    }

    /// Budget and consent once more, at the last moment (semantics D3).
    fn may_leave(&self, gate: &Gate) -> bool {
        let counters = &self.counters;
        let is_in_time = gate.deadline_ns >= self.clock.now_ns();
        counters.due_offers.add(1);
        counters.timely_offers.add(u64::from(is_in_time));
        let leaves = is_in_time && self.matcher.borrow_mut().may_send(gate);
        counters.late_offers.add(u64::from(!leaves));
        self.tell_left(gate.decision_key, leaves);
        leaves
    }

    /// What became of an offer, and when.
    pub(crate) fn tell_left(&self, decision_key: i64, is_sent: bool) {
        self.outbox.tell_left(LeftOffer { decision_key, is_sent, at_ns: self.clock.now_ns() });
    }

    /// The stream is over: offers that never left are taken back.
    pub(crate) fn take_back_unsent(&self, stream: &PingStream) {
        let mut state = stream.state.borrow_mut();
        state.stop_reading(None);
        while let Some(draft) = state.drafts.take() {
            for offer in draft.into_offers() {
                self.tell_left(offer.gate.decision_key, false);
            }
        }
        drop(state);
        self.outbox.flush();
    }

    /// End a call now, whatever it waits for: nobody waits for it any more.
    pub(crate) fn cut(stream: &PingStream) {
        let refusal = Refusal::new(Code::DeadlineExceeded, "", "Deadline Exceeded");
        // an error here says that the peer is gone
        let told = stream.sink.borrow_mut().end(Some(&refusal));
        stream.is_gone.set(stream.is_gone.get() || told.is_err());
        stream.wake();
    }
}
