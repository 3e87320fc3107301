//! One call: its request there, its answer back, both at their own pace.

use std::future::{Future as _, poll_fn};
use std::pin::pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use h2::client::{ResponseFuture, SendRequest};
use h2::server::SendResponse;
use h2::{Reason, RecvStream, SendStream};
use http::{Request, Response};
use tokio::time::timeout;

use crate::proxy::{UpstreamLimits, headers, unreachable};
use crate::wire::status;

/// How far a request came.
#[derive(PartialEq, Eq)]
enum Sent {
    /// To its end, or as far as the server wanted it.
    Whole,
    /// The client gave the call up, or takes too long over it.
    GivenUp,
}

/// How an answer ended.
enum Answered {
    /// Told to the client, as far as it wanted.
    Told,
    /// The server ended it before it began.
    Not(h2::Error),
}

/// Carry one call. Handles that are dropped reset what is still open: CANCEL towards the server.
pub(super) async fn exchange(
    mut sender: SendRequest<Bytes>,
    request: Request<RecvStream>,
    mut respond: SendResponse<Bytes>,
    limits: &UpstreamLimits,
) {
    let (parts, body) = request.into_parts();
    let is_whole = body.is_end_stream();
    let Some(onward) = headers::onward(parts) else { return headers::refuse_method(respond) };
    let Ok((response, onward)) = sender.send_request(onward, is_whole) else {
        return headers::refuse(respond, &unreachable());
    };
    drop(sender);
    let outcome = {
        let mut upload = pin!(timeout(limits.request_time, upload(body, onward)));
        let mut download = pin!(download(response, &mut respond, limits));
        let mut is_uploading = !is_whole;
        loop {
            tokio::select! {
                biased;
                answered = &mut download => break Some(answered),
                sent = &mut upload, if is_uploading => match sent {
                    Ok(Sent::Whole) => is_uploading = false,
                    _ => break None,
                },
            }
        }
    };
    match outcome {
        Some(Answered::Told) => {}
        Some(Answered::Not(error)) => match reset_of(&error) {
            Some(reason) => respond.send_reset(reason),
            None => headers::refuse(respond, &unreachable()),
        },
        // nothing is said to a client that has reset its call: h2 knows
        None => respond.send_reset(Reason::CANCEL),
    }
}

/// The reason, where the server reset this one call; None where its connection ended.
fn reset_of(error: &h2::Error) -> Option<Reason> {
    if error.is_reset() { error.reason() } else { None }
}

async fn upload(mut body: RecvStream, mut onward: SendStream<Bytes>) -> Sent {
    loop {
        let data = match body.data().await {
            Some(Ok(data)) => data,
            Some(Err(_)) => return Sent::GivenUp,
            None => break,
        };
        let (length, is_last) = (data.len(), body.is_end_stream());
        if !send(&mut onward, data, is_last).await {
            // the server wants no more; what it has to say comes with its answer
            return Sent::Whole;
        }
        // an error means that the stream is over, which the next read tells
        drop(body.flow_control().release_capacity(length));
        if is_last {
            return Sent::Whole;
        }
    }
    let is_sent = match body.trailers().await {
        Ok(Some(trailers)) => onward.send_trailers(headers::stripped(trailers)),
        Ok(None) => onward.send_data(Bytes::new(), true),
        Err(_) => return Sent::GivenUp,
    };
    // whoever does not take the end has ended already
    drop(is_sent);
    Sent::Whole
}

async fn download(response: ResponseFuture, respond: &mut SendResponse<Bytes>, limits: &UpstreamLimits) -> Answered {
    let mut response = pin!(response);
    let headed = poll_fn(|cx| match respond.poll_reset(cx) {
        Poll::Ready(_) => Poll::Ready(None),
        Poll::Pending => response.as_mut().poll(cx).map(Some),
    });
    let (parts, body) = match headed.await {
        Some(Ok(response)) => response.into_parts(),
        Some(Err(error)) => return Answered::Not(error),
        None => return Answered::Told,
    };
    let mut head = Response::new(());
    (*head.status_mut(), *head.headers_mut()) = (parts.status, headers::stripped(parts.headers));
    let is_whole = body.is_end_stream();
    if let Ok(client) = respond.send_response(head, is_whole) {
        if !is_whole {
            messages(body, client, limits).await;
        }
    }
    Answered::Told
}

/// All that follows the headers of an answer.
async fn messages(mut body: RecvStream, mut client: SendStream<Bytes>, limits: &UpstreamLimits) {
    loop {
        match next(&mut body, &mut client).await {
            None => return,
            Some(Some(Ok(data))) => {
                let length = data.len();
                match timeout(limits.stall_time, send(&mut client, data, false)).await {
                    Ok(true) => {}
                    Ok(false) => return,
                    Err(_) => return client.send_reset(Reason::CANCEL),
                }
                // an error means that the stream is over, which the next read tells
                drop(body.flow_control().release_capacity(length));
            }
            Some(Some(Err(error))) => return broken(&mut client, &error),
            Some(None) => break,
        }
    }
    let is_told = match body.trailers().await {
        Ok(Some(trailers)) => client.send_trailers(headers::stripped(trailers)),
        Ok(None) => client.send_data(Bytes::new(), true),
        Err(error) => return broken(&mut client, &error),
    };
    // an error means that the client is gone: nobody is left to be told
    drop(is_told);
}

/// The answer broke off: with the server's reset, or with its connection, which is a status.
fn broken(client: &mut SendStream<Bytes>, error: &h2::Error) {
    match reset_of(error) {
        Some(reason) => client.send_reset(reason),
        // as above
        None => drop(client.send_trailers(status::trailers(&unreachable()))),
    }
}

/// More of an answer, as h2 gives it; None where the client has gone.
async fn next(body: &mut RecvStream, client: &mut SendStream<Bytes>) -> Option<Option<Result<Bytes, h2::Error>>> {
    poll_fn(|cx| match client.poll_reset(cx) {
        Poll::Ready(_) => Poll::Ready(None),
        Poll::Pending => body.poll_data(cx).map(Some),
    })
    .await
}

/// Send as the window opens; false where the other side takes no more.
async fn send(stream: &mut SendStream<Bytes>, mut data: Bytes, is_last: bool) -> bool {
    while !data.is_empty() {
        stream.reserve_capacity(data.len());
        let capacity = poll_fn(|cx| poll_capacity(stream, cx));
        let Some(size) = capacity.await else { return false };
        let chunk = data.split_to(size.min(data.len()));
        let is_end = is_last && data.is_empty();
        if stream.send_data(chunk, is_end).is_err() {
            return false;
        }
        if is_end {
            return true;
        }
    }
    !is_last || stream.send_data(data, true).is_ok()
}

/// Bytes that may be sent, at least one; None where the stream is over.
fn poll_capacity(stream: &mut SendStream<Bytes>, cx: &mut Context<'_>) -> Poll<Option<usize>> {
    loop {
        if stream.capacity() > 0 {
            return Poll::Ready(Some(stream.capacity()));
        }
        match stream.poll_capacity(cx) {
            Poll::Ready(Some(Ok(_))) => {}
            Poll::Ready(_) => return Poll::Ready(None),
            Poll::Pending => return Poll::Pending,
        }
    }
}
