use bytes::BytesMut;

use super::super::names::Names;
use super::*;
use crate::matcher::Gate;

/// An OfferTry of message 1 and this row, with a verdict.
fn try_field(row: u8, verdict: u8) -> Vec<u8> {
    vec![0x22, 6, 0x08, 1, 0x10, row, 0x30, verdict]
}

fn offer(key: i64, row: u8, tries_before: u32) -> OfferBytes {
    OfferBytes {
        bytes: vec![0x2a, 1, u8::try_from(key).unwrap()],
        gate: Gate { decision_key: key, ..Gate::default() },
        tries_before,
        bytes_if_shut: try_field(row, 21),
        bytes_if_sent: try_field(row, 22),
    }
}

fn content(draft: AnswerDraft, may_leave: impl FnMut(&Gate) -> bool) -> Vec<u8> {
    let mut out = BytesMut::new();
    draft.write(&Names::default(), false, 0, may_leave, &mut out);
    let head = if out.len() > 5 + 2 + 127 { 8 } else { 7 };
    out[head..].to_vec()
}

#[test]
fn an_offer_that_does_not_leave_is_told_as_such_in_its_place() {
    for may_leave in [true, false] {
        let mut drafts = Drafts::default();
        let fields = [try_field(2, 3), try_field(2, 4), vec![0x42, 2, 0x08, 1]].concat();
        drafts.settle(&fields, vec![offer(8, 2, 1), offer(9, 1, u32::MAX)]).unwrap();
        drafts.acknowledge(1);
        let draft = drafts.take().unwrap();
        assert_eq!((draft.weight(), drafts.len()), (2 + 1 + 2 * 17, 0));
        let mut asked = Vec::new();
        let told = content(draft, |gate| {
            asked.push(gate.decision_key);
            may_leave
        });
        let verdict = if may_leave { 22 } else { 21 };
        let tries = [try_field(1, verdict), try_field(2, 3), try_field(2, verdict), try_field(2, 4)].concat();
        let offers: &[u8] = if may_leave { b"\x2a\x01\x08\x2a\x01\x09" } else { b"" };
        assert_eq!(told, [&b"\x08\x01"[..], &tries, b"\x42\x02\x08\x01", offers].concat());
        assert_eq!(asked, [8, 9]);
    }
}

#[test]
fn a_full_draft_is_followed_by_another_which_acknowledges() {
    let mut drafts = Drafts::default();
    drafts.acknowledge(4);
    for row in 0..600 {
        drafts.reject(5, row, 4);
    }
    drafts.acknowledge(5);
    assert_eq!(drafts.len(), 2);
    let first = drafts.take().unwrap();
    assert_eq!((first.weight(), first.acknowledged()), (DRAFT_WEIGHT_MAX, 4));
    let second = drafts.take().unwrap();
    assert_eq!((second.weight(), second.acknowledged()), (600 - DRAFT_WEIGHT_MAX, 5));
    assert!(drafts.take().is_none() && drafts.is_empty());
}

#[test]
fn tries_are_split_too_and_hints_are_not() {
    let mut drafts = Drafts::default();
    let fields = (0..700).flat_map(|_| try_field(1, 3)).chain((0..600).flat_map(|_| [0x42, 0])).collect::<Vec<_>>();
    drafts.settle(&fields, Vec::new()).unwrap();
    let weights = std::iter::from_fn(|| drafts.take()).map(|draft| draft.weight()).collect::<Vec<_>>();
    assert_eq!(weights, [512, 788]);
}

#[test]
fn a_held_message_keeps_later_ones_unacknowledged() {
    let mut drafts = Drafts::default();
    drafts.shed(3, 1);
    drafts.acknowledge(3);
    drafts.limit_acknowledged(1);
    drafts.reject(2, 0, 1);
    drafts.update_acknowledged(1);
    assert_eq!(drafts.take().unwrap().acknowledged(), 1);
    drafts.update_acknowledged(1);
    assert!(drafts.is_empty(), "nothing to tell while a message is held");
}

#[test]
fn a_single_answer_says_all() {
    let (mut split, mut whole) = (Drafts::default(), Drafts::default());
    for row in 0..700 {
        split.reject(1, row, 4);
        whole.reject(1, row, 4);
    }
    for drafts in [&mut split, &mut whole] {
        drafts.settle(&[try_field(2, 5), vec![0x1a, 0, 0x42, 0]].concat(), vec![offer(3, 0, 0)]).unwrap();
        drafts.acknowledge(1);
    }
    let told = content(split.take_whole().unwrap(), |_| true);
    assert!(split.take_whole().is_none());
    let parts = std::iter::from_fn(|| whole.take()).map(|draft| content(draft, |_| true)).collect::<Vec<_>>();
    assert_eq!(parts.len(), 2);
    // the first part acknowledges nothing yet
    assert_eq!(told.len(), parts.iter().map(Vec::len).sum::<usize>());
    assert!(told.ends_with(b"\x2a\x01\x03"));
}

#[test]
fn fields_that_cannot_be_told_are_a_fault_and_change_nothing() {
    let mut drafts = Drafts::default();
    let bad = OfferBytes { bytes_if_shut: vec![0x22, 9], ..offer(1, 1, 0) };
    assert_eq!(drafts.tell(b"\x2a\x00").unwrap_err().code, Code::Internal);
    assert_eq!(drafts.settle(&try_field(1, 1), vec![bad]).unwrap_err().reason, "INTERNAL");
    assert!(drafts.is_empty());
}
