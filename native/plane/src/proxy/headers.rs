//! Headers on their way, and the answers the proxy gives by itself.

use bytes::Bytes;
use h2::server::SendResponse;
use http::header::{
    CONNECTION, CONTENT_TYPE, HOST, PROXY_AUTHENTICATE, PROXY_AUTHORIZATION, TE, TRANSFER_ENCODING, UPGRADE,
};
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode, Uri, Version, request};

use crate::refusal::Refusal;
use crate::wire::status;

/// Of one hop, and `host`: the authority of this hop is the socket's.
const HOP_BY_HOP: [HeaderName; 6] =
    [CONNECTION, HOST, PROXY_AUTHENTICATE, PROXY_AUTHORIZATION, TRANSFER_ENCODING, UPGRADE];

/// The request for the server behind: method, path and headers as they came. None where there is no path.
pub(super) fn onward(parts: request::Parts) -> Option<Request<()>> {
    let path: PathAndQuery = parts.uri.path_and_query()?.clone();
    let uri = Uri::builder().scheme("http").authority("localhost").path_and_query(path).build().ok()?;
    let mut request = Request::new(());
    (*request.method_mut(), *request.uri_mut()) = (parts.method, uri);
    (*request.version_mut(), *request.headers_mut()) = (Version::HTTP_2, stripped(parts.headers));
    Some(request)
}

/// Headers without those of one hop; `te: trailers` belongs to gRPC.
pub(super) fn stripped(mut headers: HeaderMap) -> HeaderMap {
    for name in &HOP_BY_HOP {
        headers.remove(name);
    }
    if headers.get(TE).is_some_and(|value| value != "trailers") {
        headers.remove(TE);
    }
    headers
}

/// Ends a call that was not answered yet.
pub(super) fn refuse(mut respond: SendResponse<Bytes>, refusal: &Refusal) {
    let mut response = Response::new(());
    *response.headers_mut() = status::trailers(refusal);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    // an error means that the client is gone: nobody is left to be told
    drop(respond.send_response(response, true));
}

/// Ends a request that is no call.
pub(super) fn refuse_method(mut respond: SendResponse<Bytes>) {
    let mut response = Response::new(());
    *response.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
    // as above
    drop(respond.send_response(response, true));
}
