//! For tests only: an HTTP client that answers from a closure and counts, so that collectors meet real replies
//! through the real SDK without a socket.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use aws_config::SdkConfig;
use aws_sdk_sts::config::{Credentials, SharedCredentialsProvider};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::client::Clients;
use super::{Aws, Collector, Context, Session};
use crate::collect::{Delivery, Order, Outbox, RegionScope, RunId};
use crate::model::{Ask, Batch, Facts};

/// A request as a test wants to see it.
pub struct Seen<'a>(&'a HttpRequest);

impl Seen<'_> {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.0.headers().get(name)
    }

    pub fn uri(&self) -> &str {
        self.0.uri()
    }

    pub fn body(&self) -> String {
        String::from_utf8_lossy(self.0.body().bytes().unwrap_or_default()).into_owned()
    }

    /// The operation's name: from `X-Amz-Target`, from `Action=` in the body, else the path.
    pub fn operation(&self) -> String {
        if let Some(target) = self.header("x-amz-target") {
            return target.rsplit('.').next().unwrap_or_default().to_owned();
        }
        let body = self.body();
        match body.split('&').find_map(|pair| pair.strip_prefix("Action=")) {
            Some(action) => action.to_owned(),
            None => self.uri().rsplit('/').next().unwrap_or_default().to_owned(),
        }
    }
}

/// Status, content type, body.
pub type Reply = Result<(u16, &'static str, String), ConnectorError>;

pub fn reply(status: u16, content_type: &'static str, body: impl Into<String>) -> Reply {
    Ok((status, content_type, body.into()))
}

pub fn json(body: impl Into<String>) -> Reply {
    reply(200, "application/x-amz-json-1.1", body)
}

pub fn xml(body: impl Into<String>) -> Reply {
    reply(200, "text/xml", body)
}

/// An error as JSON services send it.
pub fn json_error(status: u16, code: &str, message: &str) -> Reply {
    reply(status, "application/x-amz-json-1.1", format!(r#"{{"__type":"{code}","message":"{message}"}}"#))
}

/// An error as IAM and STS send it.
pub fn xml_error(status: u16, code: &str, message: &str) -> Reply {
    let body = format!(
        "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error><RequestId>r</RequestId></ErrorResponse>"
    );
    reply(status, "text/xml", body)
}

/// An AWS without a network.
#[derive(Clone)]
pub struct Server {
    answer: Arc<dyn Fn(&Seen<'_>) -> Reply + Send + Sync>,
    count: Arc<AtomicUsize>,
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Server")
    }
}

impl Server {
    pub fn answering(answer: impl Fn(&Seen<'_>) -> Reply + Send + Sync + 'static) -> Self {
        Self { answer: Arc::new(answer), count: Arc::default() }
    }

    /// Requests so far.
    pub fn count(&self) -> usize {
        self.count.load(Ordering::SeqCst)
    }

    pub fn config(&self) -> SdkConfig {
        let keys = Credentials::new("AKIDEXAMPLE", "secret", None, None, "test");
        SdkConfig::builder()
            .behavior_version(aws_config::BehaviorVersion::v2026_01_12())
            .region(aws_config::Region::new("us-east-1"))
            .endpoint_url("http://127.0.0.1:9")
            .credentials_provider(SharedCredentialsProvider::new(keys))
            .http_client(self.clone())
            .build()
    }

    pub fn clients(&self) -> Clients {
        Clients::new(&self.config())
    }

    /// One run against this server, and where its batches arrive.
    pub fn aws(&self) -> (Arc<Aws>, Inbox) {
        self.aws_with(CancellationToken::new())
    }

    pub fn aws_with(&self, stop: CancellationToken) -> (Arc<Aws>, Inbox) {
        let (sender, receiver) = mpsc::channel(10_000);
        let now = Timestamp::from_second(1_790_000_000).expect("in range");
        let order = Order::everything(RegionScope::All, SignedDuration::from_hours(24), now);
        let context = Context {
            order,
            out: Outbox::new(RunId(1), sender),
            stop,
            profile: Some("audit".to_owned()),
            athena: None,
        };
        (Arc::new(Aws::new(&Session::new(&self.config()), context)), Inbox(receiver))
    }
}

/// Runs the collector of `ask` against a server and gives back what came of it.
pub async fn run(server: &Server, collectors: &[Collector], ask: Ask) -> Facts {
    let (aws, mut inbox) = server.aws();
    let collector = collectors.iter().find(|c| c.asks.contains(&ask)).expect("a collector for the ask");
    let region = ask.is_regional().then(|| aws.home.clone());
    (collector.collect)(aws, region).await.expect("a reader");
    inbox.facts()
}

/// What a run has sent.
pub struct Inbox(pub mpsc::Receiver<Delivery>);

impl Inbox {
    /// All batches so far, applied.
    pub fn facts(&mut self) -> Facts {
        let mut facts = Facts::default();
        for batch in self.batches() {
            facts.apply(batch);
        }
        facts
    }

    pub fn batches(&mut self) -> Vec<Batch> {
        let mut batches = Vec::new();
        while let Ok(delivery) = self.0.try_recv() {
            if let Delivery::Batch(_, batch) = delivery {
                batches.push(*batch);
            }
        }
        batches
    }
}

impl HttpConnector for Server {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        self.count.fetch_add(1, Ordering::SeqCst);
        let answer = (self.answer)(&Seen(&request));
        HttpConnectorFuture::ready(answer.map(|(status, content_type, body)| {
            let status = status.try_into().expect("a valid status");
            let mut response = HttpResponse::new(status, SdkBody::from(body));
            response.headers_mut().insert("content-type", content_type);
            response
        }))
    }
}

impl HttpClient for Server {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}
