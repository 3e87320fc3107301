use super::*;

#[test]
fn trailers_are_those_of_grpc() {
    let refusal = Refusal::invalid("batch.row%", "grün 100 %\n");
    let sent = trailers(&refusal);
    assert_eq!(sent.get("grpc-status").unwrap(), "3");
    assert_eq!(sent.get("grpc-message").unwrap(), "gr%C3%BCn 100 %25%0A");
    let details_sent = sent.get("grpc-status-details-bin").unwrap().to_str().unwrap();
    assert_eq!(STANDARD_NO_PAD.decode(details_sent).unwrap(), details(&refusal));
    assert_eq!(trailers_ok().get("grpc-status").unwrap(), "0");
}

#[test]
fn the_transports_own_refusals_have_no_details() {
    let refusal = Refusal::new(Code::ResourceExhausted, "", "too large");
    assert!(details(&refusal).is_empty());
    assert!(!trailers(&refusal).contains_key("grpc-status-details-bin"));
}

#[test]
fn only_what_may_be_tried_again_says_when() {
    let says = |refusal: &Refusal| String::from_utf8_lossy(&details(refusal)).contains("google.rpc.RetryInfo");
    assert!(says(&Refusal::draining()));
    assert!(says(&Refusal::new(Code::ResourceExhausted, "QUOTA_EXCEEDED", "slower")));
    assert!(!says(&Refusal::new(Code::ResourceExhausted, "LIMIT_EXCEEDED", "full")));
    assert!(!says(&Refusal::unauthenticated()));
}
