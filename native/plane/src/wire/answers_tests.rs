use super::*;

fn framed(out: &BytesMut) -> &[u8] {
    assert_eq!(out[0], 0);
    let length = u32::from_be_bytes([out[1], out[2], out[3], out[4]]) as usize;
    assert_eq!(length, out.len() - 5);
    &out[5..]
}

#[test]
fn a_role_is_told_what_it_may_know() {
    let told = |role, verdict, is_future| told_verdict(role, verdict, || is_future);
    for verdict in 1..10 {
        assert_eq!(told(Role::Gateway, verdict, false), Some(verdict));
        assert_eq!(told(Role::Operator, verdict, true), Some(verdict));
    }
    for role in [Role::Device, Role::Gateway, Role::Operator] {
        assert_eq!((told(role, 10, true), told(role, 0, true), told(role, 11, true)), (None, None, None));
    }
    let phone =
        |is_future| (1..10).map(|verdict| told(Role::Device, verdict, is_future).unwrap_or(0)).collect::<Vec<_>>();
    assert_eq!(phone(false), [1, 2, 0, 4, 0, 0, 7, 0, 0]);
    assert_eq!(phone(true), [1, 2, 0, 4, 7, 7, 7, 0, 0]);
}

#[test]
fn an_acknowledgement_is_a_dozen_bytes() {
    let mut out = BytesMut::new();
    write_acknowledgement(300, true, 5, &mut out);
    assert_eq!(framed(&out), b"\x0a\x07\x08\xac\x02\x30\x01\x38\x05");
    let mut again = BytesMut::new();
    AnswerDraft::new(300).write(&Names::default(), true, 5, |_| true, &mut again);
    assert_eq!(again, out);
    let mut empty = BytesMut::new();
    write_acknowledgement(0, false, 0, &mut empty);
    assert_eq!(framed(&empty), b"\x0a\x00");
}

#[test]
fn a_transition_has_its_fence_by_name_and_its_time() {
    let names = Names::default();
    names.extend(0, ["a", "shop"]).unwrap();
    let row = TransitionRow {
        device_key: 7,
        event_time_ms: 1_002,
        row: 99,
        fence_number: 1,
        kind: 2,
        cause: 1,
        historical: 1,
        ..TransitionRow::default()
    };
    let mut draft = AnswerDraft::new(1);
    draft.transition(4, 3, row);
    draft.transition(0, 0, TransitionRow { event_time_ms: -1, fence_number: 5, ..TransitionRow::default() });
    let mut out = BytesMut::new();
    draft.write(&names, true, 0, |_| true, &mut out);
    let first = b"\x1a\x21\x08\x02\x10\x01\x19\x07\0\0\0\0\0\0\0\x22\x04shop\x2a\x06\x08\x01\x10\x80\x89\x7a\x30\x01\x38\x04\x40\x03";
    let second = b"\x1a\x13\x2a\x11\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x10\xc0\x8f\xae\xdc\x03";
    let expected = [&b"\x08\x01"[..], first, second, b"\x30\x01"].concat();
    assert_eq!(&framed(&out)[2..], expected);
}

#[test]
fn rejected_rows_ascend_whatever_came_first() {
    let mut draft = AnswerDraft::new(2);
    draft.reject(2, 1, 4);
    draft.reject(1, 3, 5);
    draft.reject(2, 0, 6);
    let mut out = BytesMut::new();
    draft.write(&Names::default(), false, 0, |_| true, &mut out);
    let rows = b"\x12\x06\x08\x01\x10\x03\x18\x05\x12\x04\x08\x02\x18\x06\x12\x06\x08\x02\x10\x01\x18\x04";
    assert_eq!(&framed(&out)[2..], [&b"\x08\x02"[..], rows].concat());
}

#[test]
fn messages_shed_whole_stand_among_the_rejected_rows() {
    let mut draft = AnswerDraft::new(3);
    draft.shed(3, 2);
    draft.reject(2, 0, 1);
    draft.shed(1, 1);
    draft.reject(4, 0, 1);
    assert_eq!(draft.weight(), 5);
    let mut out = BytesMut::new();
    draft.write(&Names::default(), true, 0, |_| true, &mut out);
    let first = b"\x12\x04\x08\x01\x18\x02\x12\x04\x08\x02\x18\x01";
    let then = b"\x12\x04\x08\x03\x18\x02\x12\x06\x08\x03\x10\x01\x18\x02\x12\x04\x08\x04\x18\x01";
    assert_eq!(&framed(&out)[2..], [&b"\x08\x03\x30\x01"[..], first, then].concat());
}
