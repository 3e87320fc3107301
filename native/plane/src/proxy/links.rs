//! The connections of one worker to the server behind: made when needed, made again when they ended.

use std::cell::{Cell, RefCell};
use std::path::PathBuf;
use std::rc::Rc;

use bytes::Bytes;
use h2::client::{Builder, SendRequest};
use tokio::net::UnixStream;
use tokio::sync::Mutex;
use tokio::task::spawn_local;

/// The server bounds streams a connection; beyond so many connections calls wait for a stream.
const LINK_COUNT_MAX: usize = 4;
const STREAM_WINDOW_SIZE_BYTES: u32 = 32 * 1024;
/// Of a stream, beyond what the server's window has taken.
const SEND_BUFFER_SIZE_MAX_BYTES: usize = 64 * 1024;
/// Of an answer's headers or trailers: a status with its details.
const HEADERS_SIZE_MAX_BYTES: u32 = 64 * 1024;

#[derive(Clone)]
struct Link {
    number: u64,
    sender: SendRequest<Bytes>,
    call_count: Rc<Cell<usize>>,
}

impl Link {
    fn has_room(&self) -> bool {
        self.call_count.get() < self.sender.current_max_send_streams()
    }
}

/// A call's place on a connection.
pub(super) struct Place(Rc<Cell<usize>>);

impl Place {
    fn on(link: &Link) -> Self {
        link.call_count.set(link.call_count.get() + 1);
        Self(Rc::clone(&link.call_count))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}

pub(super) struct Links {
    path: PathBuf,
    connection_window_size_bytes: u32,
    all: Rc<RefCell<Vec<Link>>>,
    made_count: Cell<u64>,
    /// Held while a connection is made, so that those who wait find it.
    making: Mutex<()>,
}

impl Links {
    pub(super) fn new(path: PathBuf, call_count_max: usize) -> Self {
        let calls = u32::try_from(call_count_max).unwrap_or(u32::MAX);
        let window = calls.saturating_mul(STREAM_WINDOW_SIZE_BYTES).clamp(STREAM_WINDOW_SIZE_BYTES, (1 << 31) - 1);
        Self {
            path,
            connection_window_size_bytes: window,
            all: Rc::default(),
            made_count: Cell::new(0),
            making: Mutex::new(()),
        }
    }

    /// Where to send one request, and its place there; None: the server is not there.
    pub(super) async fn sender(&self) -> Option<(SendRequest<Bytes>, Place)> {
        // each of them may have been told to go since
        for _ in 0..=LINK_COUNT_MAX {
            let link = self.link().await?;
            let place = Place::on(&link);
            match link.sender.ready().await {
                Ok(sender) => return Some((sender, place)),
                Err(_) => forget(&self.all, link.number),
            }
        }
        None
    }

    async fn link(&self) -> Option<Link> {
        if let Some(link) = self.link_with_room() {
            return Some(link);
        }
        let _making = self.making.lock().await;
        if let Some(link) = self.link_with_room() {
            return Some(link);
        }
        if self.all.borrow().len() < LINK_COUNT_MAX {
            return self.make().await;
        }
        self.all.borrow().iter().min_by_key(|link| link.call_count.get()).cloned()
    }

    fn link_with_room(&self) -> Option<Link> {
        self.all.borrow().iter().find(|link| link.has_room()).cloned()
    }

    async fn make(&self) -> Option<Link> {
        let socket = UnixStream::connect(&self.path).await.ok()?;
        let mut builder = Builder::new();
        builder
            .enable_push(false)
            .initial_window_size(STREAM_WINDOW_SIZE_BYTES)
            .initial_connection_window_size(self.connection_window_size_bytes)
            .max_header_list_size(HEADERS_SIZE_MAX_BYTES)
            .max_send_buffer_size(SEND_BUFFER_SIZE_MAX_BYTES);
        let (sender, connection) = builder.handshake(socket).await.ok()?;
        let number = self.made_count.replace(self.made_count.get() + 1);
        let link = Link { number, sender, call_count: Rc::default() };
        self.all.borrow_mut().push(link.clone());
        let links = Rc::clone(&self.all);
        spawn_local(async move {
            // why it ended is told to each of its calls
            drop(connection.await);
            forget(&links, number);
        });
        Some(link)
    }
}

fn forget(links: &RefCell<Vec<Link>>, number: u64) {
    links.borrow_mut().retain(|link| link.number != number);
}
