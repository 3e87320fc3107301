//! Where a call goes: PingService here, everything else to the server behind.

use std::rc::Rc;

use bytes::Bytes;
use h2::RecvStream;
use h2::server::SendResponse;
use http::uri::PathAndQuery;
use http::{HeaderMap, Method, Request, StatusCode};

use crate::connections::{Call, Calls};
use crate::echo;
use crate::reading;
use crate::refusal::{Code, Refusal};
use crate::respond::{Sink, refuse_http};
use crate::worker::Worker;

const SERVICE: &str = "/geooffer.v1.PingService/";

/// The methods of PingService.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PingMethod {
    Stream,
    Ingest,
}

impl PingMethod {
    /// `/package.Service/Method`.
    pub(crate) fn path(self) -> &'static str {
        match self {
            Self::Stream => "/geooffer.v1.PingService/StreamPings",
            Self::Ingest => "/geooffer.v1.PingService/IngestPings",
        }
    }

    fn of(path: &str) -> Option<Self> {
        [Self::Stream, Self::Ingest].into_iter().find(|method| method.path() == path)
    }
}

/// Begin a call: a task of its own. `calls` counts the open ones of its connection.
pub(crate) fn begin(worker: &Rc<Worker>, calls: &Calls, request: Request<RecvStream>, respond: SendResponse<Bytes>) {
    let open = calls.begin();
    if request.method() != Method::POST {
        return refuse_http(respond, StatusCode::METHOD_NOT_ALLOWED);
    }
    if !is_grpc(request.headers()) {
        return refuse_http(respond, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    }
    let path = request.uri().path_and_query().map_or("", PathAndQuery::as_str);
    let Some(method) = PingMethod::of(path) else {
        return pass_on(worker, open, request, respond);
    };
    let worker = Rc::clone(worker);
    tokio::task::spawn_local(async move {
        let _open = open;
        if worker.settings.echo {
            echo::serve(&worker, method, request, respond).await;
        } else {
            reading::serve(&worker, method, request, respond).await;
        }
    });
}

/// End a call before it began.
pub(crate) fn refuse(respond: SendResponse<Bytes>, refusal: &Refusal) {
    // an error here says that the peer is gone: nobody is left to be refused
    Sink::new(respond).end(Some(refusal)).unwrap_or(());
}

/// To the server behind, byte for byte; PingService is here alone.
fn pass_on(worker: &Rc<Worker>, open: Call, request: Request<RecvStream>, respond: SendResponse<Bytes>) {
    let upstream = worker.upstream.borrow().clone();
    match upstream {
        Some(upstream) if !request.uri().path().starts_with(SERVICE) => {
            tokio::task::spawn_local(async move {
                let _open = open;
                upstream.forward(request, respond).await;
            });
        }
        _ => refuse(respond, &Refusal::new(Code::Unimplemented, "", "Method not found!")),
    }
}

/// `application/grpc`, alone or with a subtype or parameter.
fn is_grpc(headers: &HeaderMap) -> bool {
    let Some(kind) = headers.get(http::header::CONTENT_TYPE) else { return false };
    let Some(rest) = kind.as_bytes().strip_prefix(b"application/grpc") else { return false };
    matches!(rest.first(), None | Some(b'+' | b';'))
}
