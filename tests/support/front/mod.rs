//! A small AWS of our own before moto: answers what no emulator can, makes faults on demand, passes the rest through
//! and keeps a log of every call.
//!
//! Loopback only, on a thread and runtime of its own, so that a test may block. A front is cheap: take one a test.

pub mod call;
pub mod cloudcontrol;
pub mod cloudtrail;
pub mod explorer;
pub mod faults;
pub mod gaps;
pub mod iam;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::oneshot;

pub use call::{Answer, Call};
pub use faults::{Fault, Faults};

pub type Body = Full<Bytes>;

/// The connection is to be torn down instead of answered.
#[derive(Debug)]
struct Torn;

impl std::fmt::Display for Torn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("torn")
    }
}

impl std::error::Error for Torn {}

/// What all connections share.
#[derive(Default)]
pub struct Shared {
    upstream: Option<SocketAddr>,
    faults: Faults,
    log: Mutex<Vec<Call>>,
    logged: Condvar,
    trail: cloudtrail::Trail,
    store: cloudcontrol::Store,
    explorer: explorer::Explorer,
    iam: iam::Iam,
    gaps: gaps::Gaps,
}

/// A running front; stopped on drop.
pub struct Front {
    address: SocketAddr,
    shared: Arc<Shared>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Front {
    /// Without an upstream, what the front itself cannot answer gets moto's HTML error page.
    pub fn start(upstream: Option<SocketAddr>) -> Self {
        let shared = Arc::new(Shared { upstream, ..Shared::default() });
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        listener.set_nonblocking(true).expect("a listener can be made non-blocking");
        let address = listener.local_addr().expect("it is bound");
        let (stop, stopped) = oneshot::channel();
        let served = Arc::clone(&shared);
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async move {
                tokio::select! {
                    () = serve(listener, served) => {}
                    _ = stopped => {}
                }
            });
        });
        Self { address, shared, stop: Some(stop), thread: Some(thread) }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn faults(&self) -> &Faults {
        &self.shared.faults
    }

    pub fn trail(&self) -> &cloudtrail::Trail {
        &self.shared.trail
    }

    pub fn store(&self) -> &cloudcontrol::Store {
        &self.shared.store
    }

    pub fn explorer(&self) -> &explorer::Explorer {
        &self.shared.explorer
    }

    pub fn iam(&self) -> &iam::Iam {
        &self.shared.iam
    }

    pub fn gaps(&self) -> &gaps::Gaps {
        &self.shared.gaps
    }

    pub fn calls(&self) -> Vec<Call> {
        self.shared.log().clone()
    }

    /// How many calls match `service:Operation@region` (see [`faults::Target`]).
    pub fn count(&self, target: &str) -> usize {
        let target = faults::Target::parse(target);
        self.shared.log().iter().filter(|call| target.matches(call)).count()
    }

    /// Waits for the log to show something.
    ///
    /// # Panics
    /// With the log, when the deadline passes.
    pub fn wait_for(&self, what: &str, within: Duration, seen: impl Fn(&[Call]) -> bool) {
        let deadline = Instant::now() + within;
        let mut log = self.shared.log();
        while !seen(&log) {
            let left = deadline.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "no {what} within {within:?}; calls: {log:#?}");
            log = self.shared.logged.wait_timeout(log, left).expect("nobody panicked with the log").0;
        }
    }

    /// Lets calls come until a moment.
    pub fn watch_until(&self, end: Instant) {
        let mut log = self.shared.log();
        loop {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            log = self.shared.logged.wait_timeout(log, left).expect("nobody panicked with the log").0;
        }
    }

    /// Waits until a call that matches has arrived, answered or not.
    pub fn wait_for_call(&self, target: &str, within: Duration) {
        let wanted = faults::Target::parse(target);
        self.wait_for(target, within, |log| log.iter().any(|call| wanted.matches(call)));
    }

    /// Calls that would have changed something in a real account.
    pub fn writes(&self) -> Vec<Call> {
        self.shared.log().iter().filter(|call| call.is_write()).cloned().collect()
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        self.stop.take();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Shared {
    fn log(&self) -> MutexGuard<'_, Vec<Call>> {
        self.log.lock().expect("nobody panicked with the log")
    }

    fn note(&self, call: &Call) -> usize {
        let mut log = self.log();
        log.push(call.clone());
        self.logged.notify_all();
        log.len() - 1
    }

    fn note_status(&self, index: usize, status: u16) {
        self.log()[index].status = Some(status);
        self.logged.notify_all();
    }
}

async fn serve(listener: std::net::TcpListener, shared: Arc<Shared>) {
    let listener = TcpListener::from_std(listener).expect("a runtime is there");
    let client: Client<HttpConnector, Body> = Client::builder(TokioExecutor::new()).build_http();
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        let _ = stream.set_nodelay(true);
        let stream = stream.into_std().expect("nothing has used it");
        // A second handle on the socket, to have it reset.
        let twin = stream.try_clone().expect("a free descriptor");
        let stream = tokio::net::TcpStream::from_std(stream).expect("it is non-blocking");
        let (shared, client) = (Arc::clone(&shared), client.clone());
        tokio::spawn(async move {
            let service = service_fn(|request: Request<Incoming>| {
                let (shared, client, twin) = (Arc::clone(&shared), client.clone(), twin.try_clone());
                async move {
                    match answer(request, &shared, &client).await {
                        Ok(answer) => Ok(answer.into_response()),
                        Err(torn) => {
                            if let Ok(twin) = twin {
                                // No lingering: closing sends a reset, not an end.
                                let _ = TcpSocket::from_std_stream(twin).set_zero_linger();
                            }
                            Err(torn)
                        }
                    }
                }
            });
            // A connection that breaks is the client's affair, or the fault that was asked for.
            let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

/// Reads, logs and answers one call.
async fn answer(
    request: Request<Incoming>,
    shared: &Shared,
    client: &Client<HttpConnector, Body>,
) -> Result<Answer, Torn> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map_err(|_| Torn)?.to_bytes();
    let call = Call::read(&head, &body);
    let index = shared.note(&call);
    let upstream = Upstream { address: shared.upstream, client, head: &head };
    let answer = match shared.faults.strike(&call).await {
        faults::Blow::None => route(shared, &call, &body, &upstream).await,
        faults::Blow::Answer(answer) => answer,
        faults::Blow::Reset => return Err(Torn),
        faults::Blow::Truncate => route(shared, &call, &body, &upstream).await.cut(),
    };
    shared.note_status(index, answer.status);
    Ok(answer)
}

async fn route(shared: &Shared, call: &Call, body: &Bytes, upstream: &Upstream<'_>) -> Answer {
    match (call.service.as_str(), call.operation.as_str()) {
        ("cloudtrail", "LookupEvents") => shared.trail.look_up(call, body),
        ("cloudcontrolapi", _) => shared.store.answer(call, body),
        ("resource-explorer-2", _) => shared.explorer.answer(call, body),
        ("iam", "GetAccountAuthorizationDetails") => shared.iam.details(call, body, upstream).await,
        ("iam", "GetCredentialReport") => shared.iam.credential_report(body, upstream).await,
        ("iam", "ListOrganizationsFeatures") => shared.iam.organizations_features(),
        _ => match shared.gaps.answer(call, body, upstream).await {
            Some(answer) => answer,
            None => upstream.pass(body.clone()).await,
        },
    }
}

/// The way to moto, with the headers of the call at hand.
pub struct Upstream<'a> {
    address: Option<SocketAddr>,
    client: &'a Client<HttpConnector, Body>,
    head: &'a hyper::http::request::Parts,
}

impl Upstream<'_> {
    /// Sends the call on as it came.
    pub async fn pass(&self, body: Bytes) -> Answer {
        self.send(body, None).await
    }

    /// Sends a call of our own under the caller's headers; moto does not check signatures.
    pub async fn send(&self, body: Bytes, target: Option<&str>) -> Answer {
        let Some(address) = self.address else { return Answer::html_page() };
        let path = self.head.uri.path_and_query().map_or("/", |path| path.as_str());
        let mut request = Request::builder().method(self.head.method.clone()).uri(format!("http://{address}{path}"));
        for (name, value) in &self.head.headers {
            if name != hyper::header::CONTENT_LENGTH && !(target.is_some() && name == "x-amz-target") {
                request = request.header(name, value);
            }
        }
        if let Some(target) = target {
            request = request.header("x-amz-target", target);
        }
        let request = request.body(Full::new(body)).expect("the headers came from a request");
        match self.receive(request).await {
            Ok(answer) => answer,
            Err(error) => Answer::plain(502, "text/plain", error),
        }
    }

    async fn receive(&self, request: Request<Body>) -> Result<Answer, String> {
        let response = self.client.request(request).await.map_err(|error| error.to_string())?;
        let status = response.status().as_u16();
        let headers = response
            .headers()
            .iter()
            .filter(|(name, _)| name.as_str().starts_with("x-amz") || *name == hyper::header::CONTENT_TYPE)
            .map(|(name, value)| (name.to_string(), value.to_str().unwrap_or_default().to_owned()))
            .collect();
        let body = response.into_body().collect().await.map_err(|error| error.to_string())?.to_bytes();
        Ok(Answer { status, headers, body })
    }
}

impl Answer {
    fn into_response(self) -> Response<Body> {
        let mut response = Response::builder().status(self.status);
        for (name, value) in &self.headers {
            response = response.header(name, value);
        }
        response.body(Full::new(self.body)).expect("the headers are plain")
    }
}
