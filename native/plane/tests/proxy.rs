//! Calls through the proxy over real sockets: what arrives on the other side, and what is left when one side misbehaves.

use std::cell::{Cell, RefCell};
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use geooffer_plane::proxy::{Upstream, UpstreamLimits};
use h2::client::{ResponseFuture, SendRequest};
use h2::server::SendResponse;
use h2::{Reason, RecvStream, SendStream};
use http::{HeaderMap, HeaderValue, Request, Response};
use tokio::net::{TcpListener, TcpStream, UnixListener};
use tokio::task::{JoinHandle, LocalSet, spawn_local};
use tokio::time::{sleep, timeout};

async fn soon<T>(future: impl Future<Output = T>) -> T {
    timeout(Duration::from_secs(20), future).await.expect("it should have come by now")
}

/// The server behind: what it does is in the path. What it met is kept.
#[derive(Default)]
struct Behind {
    headers: RefCell<Option<HeaderMap>>,
    resets: RefCell<Vec<Option<Reason>>>,
    read_bytes: Cell<usize>,
    connection_count: Cell<usize>,
}

async fn send(stream: &mut SendStream<Bytes>, mut data: Bytes) -> Result<(), h2::Error> {
    while !data.is_empty() {
        stream.reserve_capacity(data.len());
        match std::future::poll_fn(|cx| stream.poll_capacity(cx)).await {
            Some(size) => stream.send_data(data.split_to(size?.min(data.len())), false)?,
            None => return Ok(()),
        }
    }
    Ok(())
}

fn status(code: &'static str) -> HeaderMap {
    HeaderMap::from_iter([("grpc-status".parse().unwrap(), HeaderValue::from_static(code))])
}

impl Behind {
    async fn serve(self: Rc<Self>, request: Request<RecvStream>, mut respond: SendResponse<Bytes>) {
        *self.headers.borrow_mut() = Some(request.headers().clone());
        let path = request.uri().path().to_owned();
        let mut body = request.into_body();
        match path.as_str() {
            "/echo" => {
                let head = Response::builder().header("x-answer", "1").body(()).unwrap();
                let mut answer = respond.send_response(head, false).unwrap();
                while let Some(Ok(data)) = body.data().await {
                    self.read_bytes.set(self.read_bytes.get() + data.len());
                    let length = data.len();
                    send(&mut answer, data).await.unwrap();
                    body.flow_control().release_capacity(length).unwrap();
                }
                let mut trailers = body.trailers().await.unwrap().unwrap_or_default();
                trailers.extend(status("0"));
                answer.send_trailers(trailers).unwrap();
            }
            "/refuse" => {
                let mut head = Response::new(());
                *head.headers_mut() = status("16");
                respond.send_response(head, true).unwrap();
            }
            "/reset" => respond.send_reset(Reason::ENHANCE_YOUR_CALM),
            "/watch" => {
                let mut answer = respond.send_response(Response::new(()), false).unwrap();
                answer.send_data("x".into(), false).unwrap();
                let reset = std::future::poll_fn(|cx| answer.poll_reset(cx)).await;
                self.resets.borrow_mut().push(reset.ok());
            }
            "/broken" => {
                let mut answer = respond.send_response(Response::new(()), false).unwrap();
                answer.send_data("x".into(), false).unwrap();
                sleep(Duration::from_millis(50)).await;
                answer.send_reset(Reason::INTERNAL_ERROR);
            }
            "/flood" => {
                let mut answer = respond.send_response(Response::new(()), false).unwrap();
                // ends with the call, at the latest
                drop(send(&mut answer, vec![7; 4 << 20].into()).await);
                let reset = std::future::poll_fn(|cx| answer.poll_reset(cx)).await;
                self.resets.borrow_mut().push(reset.ok());
            }
            "/deaf" => {
                let reset = std::future::poll_fn(|cx| respond.poll_reset(cx)).await;
                self.resets.borrow_mut().push(reset.ok());
                drop(body);
            }
            other => panic!("{other}"),
        }
    }

    /// Serves until the handle is aborted, with it all connections.
    fn listen(self: &Rc<Self>, path: &PathBuf) -> JoinHandle<()> {
        drop(std::fs::remove_file(path));
        let (listener, behind) = (UnixListener::bind(path).unwrap(), Rc::clone(self));
        spawn_local(async move {
            let mut connections = tokio::task::JoinSet::new();
            loop {
                let (socket, _) = listener.accept().await.unwrap();
                behind.connection_count.set(behind.connection_count.get() + 1);
                let behind = Rc::clone(&behind);
                connections.spawn_local(async move {
                    let mut connection = h2::server::handshake(socket).await.unwrap();
                    let mut calls = tokio::task::JoinSet::new();
                    while let Some(Ok((request, respond))) = connection.accept().await {
                        calls.spawn_local(Rc::clone(&behind).serve(request, respond));
                    }
                });
            }
        })
    }
}

/// A proxy and what stands on both of its sides.
struct World {
    behind: Rc<Behind>,
    path: PathBuf,
    server: JoinHandle<()>,
    upstream: Rc<Upstream>,
    address: std::net::SocketAddr,
}

static NEXT: AtomicUsize = AtomicUsize::new(0);

impl World {
    async fn new(limits: UpstreamLimits) -> Self {
        let name = format!("geooffer-proxy-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        let behind = Rc::new(Behind::default());
        let server = behind.listen(&path);
        let upstream = Upstream::new(path.clone(), limits);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, front) = (listener.local_addr().unwrap(), Rc::clone(&upstream));
        spawn_local(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let front = Rc::clone(&front);
                spawn_local(async move {
                    let mut connection = h2::server::handshake(socket).await.unwrap();
                    while let Some(Ok((request, respond))) = connection.accept().await {
                        spawn_local(Rc::clone(&front).forward(request, respond));
                    }
                });
            }
        });
        Self { behind, path, server, upstream, address }
    }

    async fn client(&self) -> SendRequest<Bytes> {
        let socket = TcpStream::connect(self.address).await.unwrap();
        let (client, connection) = h2::client::handshake(socket).await.unwrap();
        spawn_local(async move { drop(connection.await) });
        client
    }

    async fn until_over(&self) {
        soon(async {
            while self.upstream.open_count() > 0 {
                sleep(Duration::from_millis(2)).await;
            }
        })
        .await;
    }

    /// How the one call behind was reset.
    async fn reset_behind(&self) -> Option<Reason> {
        soon(async {
            while self.behind.resets.borrow().is_empty() {
                sleep(Duration::from_millis(2)).await;
            }
        })
        .await;
        self.behind.resets.borrow()[0]
    }
}

impl Drop for World {
    fn drop(&mut self) {
        drop(std::fs::remove_file(&self.path));
    }
}

fn test<T: Future<Output = ()>>(body: impl FnOnce(World) -> T, limits: UpstreamLimits) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    LocalSet::new().block_on(&runtime, async { soon(body(World::new(limits).await)).await });
}

fn open(client: &mut SendRequest<Bytes>, path: &str, is_whole: bool) -> (ResponseFuture, SendStream<Bytes>) {
    let request = Request::post(format!("http://public.example{path}"))
        .header("authorization", "Bearer x")
        .header("te", "trailers")
        .header("grpc-timeout", "9S")
        .header("proxy-authorization", "secret")
        .body(())
        .unwrap();
    client.send_request(request, is_whole).unwrap()
}

/// Body and trailers, as far as they came.
async fn read(body: &mut RecvStream) -> (Vec<u8>, Result<Option<HeaderMap>, h2::Error>) {
    let mut content = Vec::new();
    while let Some(data) = body.data().await {
        match data {
            Ok(data) => {
                body.flow_control().release_capacity(data.len()).unwrap();
                content.extend_from_slice(&data);
            }
            Err(error) => return (content, Err(error)),
        }
    }
    (content, body.trailers().await)
}

/// The status and message that a call ended with before any answer.
async fn ended(response: ResponseFuture) -> (String, String) {
    let response = response.await.unwrap();
    assert!(response.body().is_end_stream());
    let text = |name| response.headers().get(name).map_or("", |value: &HeaderValue| value.to_str().unwrap()).to_owned();
    (text("grpc-status"), text("grpc-message"))
}

#[test]
fn a_call_arrives_as_it_was_and_so_does_its_answer() {
    test(
        async |world| {
            let mut client = world.client().await;
            let (response, mut request) = open(&mut client, "/echo", false);
            let sent: Vec<u8> = (0..3_000_000_u32).map(|number| (number * 31).to_be_bytes()[2]).collect();
            let content = Bytes::from(sent.clone());
            spawn_local(async move {
                send(&mut request, content).await.unwrap();
                request
                    .send_trailers(HeaderMap::from_iter([("x-end".parse().unwrap(), "y".parse().unwrap())]))
                    .unwrap();
            });
            let response = response.await.unwrap();
            assert_eq!(response.headers()["x-answer"], "1");
            let (content, trailers) = read(&mut response.into_body()).await;
            assert!(content == sent);
            let trailers = trailers.unwrap().unwrap();
            assert_eq!((&trailers["grpc-status"], &trailers["x-end"]), (&"0".parse().unwrap(), &"y".parse().unwrap()));
            let headers = world.behind.headers.borrow().clone().unwrap();
            for (name, value) in [("authorization", "Bearer x"), ("te", "trailers"), ("grpc-timeout", "9S")] {
                assert_eq!(headers[name], value);
            }
            assert_eq!(headers.len(), 3, "and nothing of one hop");
            world.until_over().await;
        },
        UpstreamLimits::default(),
    );
}

#[test]
fn a_call_without_a_body_and_an_answer_without_one() {
    test(
        async |world| {
            let mut client = world.client().await;
            assert_eq!(ended(open(&mut client, "/refuse", true).0).await.0, "16");
            // the answer comes before the request is whole
            let (response, _request) = open(&mut client, "/refuse", false);
            assert_eq!(ended(response).await.0, "16");
            world.until_over().await;
            assert_eq!(world.behind.connection_count.get(), 1);
        },
        UpstreamLimits::default(),
    );
}

#[test]
fn what_the_client_gives_up_is_given_up_behind() {
    test(
        async |world| {
            let mut client = world.client().await;
            let (response, mut request) = open(&mut client, "/watch", true);
            let mut body = response.await.unwrap().into_body();
            assert_eq!(body.data().await.unwrap().unwrap(), "x");
            request.send_reset(Reason::CANCEL);
            assert_eq!(world.reset_behind().await, Some(Reason::CANCEL));
            world.behind.resets.borrow_mut().clear();
            // before an answer began, and with the whole connection
            let (response, request) = open(&mut client, "/deaf", false);
            sleep(Duration::from_millis(50)).await;
            drop((response, request, client, body));
            assert_eq!(world.reset_behind().await, Some(Reason::CANCEL));
            world.until_over().await;
        },
        UpstreamLimits::default(),
    );
}

#[test]
fn what_the_server_resets_is_reset() {
    test(
        async |world| {
            let mut client = world.client().await;
            let error = open(&mut client, "/reset", true).0.await.unwrap_err();
            assert_eq!(error.reason(), Some(Reason::ENHANCE_YOUR_CALM));
            let mut body = open(&mut client, "/broken", true).0.await.unwrap().into_body();
            let (content, end) = read(&mut body).await;
            assert_eq!((content.as_slice(), end.unwrap_err().reason()), (&b"x"[..], Some(Reason::INTERNAL_ERROR)));
            world.until_over().await;
        },
        UpstreamLimits::default(),
    );
}

#[test]
fn a_server_that_is_gone_is_unavailable_until_it_is_back() {
    test(
        async |world| {
            let mut client = world.client().await;
            let mut body = open(&mut client, "/watch", true).0.await.unwrap().into_body();
            assert_eq!(body.data().await.unwrap().unwrap(), "x");
            let (waiting, _request) = open(&mut client, "/deaf", false);
            sleep(Duration::from_millis(50)).await;
            world.server.abort();
            // in the middle of an answer, before one, and without a connection
            let (_, trailers) = read(&mut body).await;
            assert_eq!(trailers.unwrap().unwrap()["grpc-status"], "14");
            assert_eq!(ended(waiting).await.0, "14");
            let (code, message) = ended(open(&mut client, "/refuse", true).0).await;
            assert_eq!((code.as_str(), message.as_str()), ("14", "the service cannot be reached; retry"));
            let _server = world.behind.listen(&world.path);
            assert_eq!(ended(open(&mut client, "/refuse", true).0).await.0, "16");
            world.until_over().await;
        },
        UpstreamLimits::default(),
    );
}

#[test]
fn who_reads_nothing_holds_nothing_but_itself() {
    test(
        async |world| {
            let (mut slow, mut quick) = (world.client().await, world.client().await);
            let held: Vec<_> = (0..20).map(|_| open(&mut slow, "/flood", true)).collect();
            sleep(Duration::from_millis(100)).await;
            for _ in 0..50 {
                let (response, mut request) = open(&mut quick, "/echo", false);
                request.send_data("hello".into(), true).unwrap();
                assert_eq!(read(&mut soon(response).await.unwrap().into_body()).await.0, b"hello");
            }
            assert_eq!(world.upstream.open_count(), 20);
            // and it is not waited for without end
            world.until_over().await;
            assert_eq!(world.reset_behind().await, Some(Reason::CANCEL));
            drop(held);
        },
        UpstreamLimits { stall_time: Duration::from_secs(2), ..UpstreamLimits::default() },
    );
}

#[test]
fn a_request_that_never_ends_is_ended() {
    test(
        async |world| {
            let mut client = world.client().await;
            let (response, _request) = open(&mut client, "/deaf", false);
            assert_eq!(response.await.unwrap_err().reason(), Some(Reason::CANCEL));
            assert_eq!(world.reset_behind().await, Some(Reason::CANCEL));
            world.until_over().await;
        },
        UpstreamLimits { request_time: Duration::from_millis(100), ..UpstreamLimits::default() },
    );
}

#[test]
fn calls_are_bounded_and_refused_while_it_stops() {
    test(
        async |world| {
            let mut client = world.client().await;
            let first = open(&mut client, "/watch", true).0.await.unwrap();
            let second = open(&mut client, "/watch", true).0.await.unwrap();
            let (code, message) = ended(open(&mut client, "/watch", true).0).await;
            assert_eq!((code.as_str(), message.as_str()), ("14", "too many calls; retry"));
            drop(first);
            soon(async {
                while world.upstream.open_count() > 1 {
                    sleep(Duration::from_millis(2)).await;
                }
            })
            .await;
            world.upstream.stop();
            assert_eq!(ended(open(&mut client, "/refuse", true).0).await.1, "the service is shutting down");
            let mut body = second.into_body();
            assert_eq!(body.data().await.unwrap().unwrap(), "x", "what is open goes on");
        },
        UpstreamLimits { call_count_max: 2, ..UpstreamLimits::default() },
    );
}
