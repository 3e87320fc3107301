//! Fields of an answer as Python's side would hand them over, of any bytes: told whole, or refused and nothing told.
#![no_main]

use bytes::BytesMut;
use geooffer_plane::control::OfferBytes;
use geooffer_plane::matcher::Gate;
use geooffer_plane::wire::drafts::Drafts;
use geooffer_plane::wire::names::Names;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Some((&cut, data)) = data.split_first() else { return };
    let (fields, said) = data.split_at(usize::from(cut).min(data.len()));
    let offer = OfferBytes {
        bytes: b"\x2a\x00".to_vec(),
        gate: Gate::default(),
        tries_before: u32::from(cut),
        bytes_if_shut: fields.to_vec(),
        bytes_if_sent: said.to_vec(),
    };
    let mut drafts = Drafts::default();
    if drafts.settle(fields, vec![offer]).is_err() {
        assert!(drafts.is_empty());
        return;
    }
    let mut out = BytesMut::new();
    let mut answer_count = 0;
    while let Some(draft) = drafts.take() {
        draft.write(&Names::default(), true, 1, |_| cut & 1 == 0, &mut out);
        answer_count += 1;
    }
    let told = fields.len() + if cut & 1 == 0 { said.len() + 2 } else { fields.len() };
    assert!(out.len() >= told && out.len() <= told + 20 * answer_count, "all is told once");
});
