//! The only builder of AWS clients: profile, Region, endpoint, time-outs, name in the user agent, and the guard.
//!
//! Nothing else may make a client, so that no call can pass the guard by. Retries are off here: `Aws::call`
//! retries, because a retry must be seen. Loading the configuration is asynchronous and happens inside a run.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{AppName, BehaviorVersion, SdkConfig};

use super::guard::Guard;
use crate::catalog::operations::OnlyWith;
use crate::model::Region;

/// In the user agent of every call (`app/mgmtscope`), so that CloudTrail shows which events are ours.
pub const APP_NAME: &str = "mgmtscope";

/// The Region of global services when neither the user nor the configuration names one.
pub const DEFAULT_REGION: &str = "us-east-1";

const CONNECT: Duration = Duration::from_secs(5);
const READ: Duration = Duration::from_secs(30);
/// LookupEvents can take long; a call is never unbounded.
const ATTEMPT: Duration = Duration::from_secs(60);

/// How to reach AWS. What is not given comes from the usual environment and files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    pub profile: Option<String>,
    /// The home Region: Identity Center is asked here, and global services are reached from here.
    pub region: Option<String>,
    /// Replaces the endpoint of every service.
    pub endpoint_url: Option<String>,
    /// Where events are kept between runs of the program; none: nowhere.
    pub cache: Option<PathBuf>,
}

/// Reads environment and configuration files; no call to AWS but for IMDS, when only that can name the Region.
pub async fn load(settings: &Settings) -> SdkConfig {
    let mut loader = aws_config::defaults(BehaviorVersion::v2026_01_12())
        .app_name(AppName::new(APP_NAME).expect("the name has only letters"));
    if let Some(profile) = &settings.profile {
        loader = loader.profile_name(profile);
    }
    if let Some(region) = &settings.region {
        loader = loader.region(aws_config::Region::new(region.clone()));
    }
    if let Some(url) = &settings.endpoint_url {
        loader = loader.endpoint_url(url);
    }
    loader.load().await
}

fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder().connect_timeout(CONNECT).read_timeout(READ).operation_attempt_timeout(ATTEMPT).build()
}

macro_rules! clients {
    (global { $($global:ident: $global_crate:ident,)* } regional { $($regional:ident: $regional_crate:ident,)* }) => {
        /// A client a service and Region, made at first use and kept.
        #[derive(Debug)]
        pub struct Clients {
            base: SdkConfig,
            home: Region,
            guard: Guard,
            $($global: Mutex<Option<$global_crate::Client>>,)*
            $($regional: Mutex<HashMap<Region, $regional_crate::Client>>,)*
        }

        impl Clients {
            /// Clients with the credentials, HTTP client and endpoint of `base`; the rest is set here.
            pub fn new(base: &SdkConfig) -> Self {
                let home = base.region().map_or(DEFAULT_REGION, |region| region.as_ref()).to_owned();
                let base = base
                    .to_builder()
                    .region(aws_config::Region::new(home.clone()))
                    .retry_config(RetryConfig::disabled())
                    .timeout_config(timeouts())
                    .app_name(AppName::new(APP_NAME).expect("the name has only letters"))
                    .build();
                Self {
                    base,
                    home: Region::new(home),
                    guard: Guard::default(),
                    $($global: Mutex::default(),)*
                    $($regional: Mutex::default(),)*
                }
            }

            $(pub fn $global(&self) -> $global_crate::Client {
                let mut kept = self.$global.lock().unwrap_or_else(PoisonError::into_inner);
                kept.get_or_insert_with(|| {
                    let config = $global_crate::config::Builder::from(&self.base).interceptor(self.guard).build();
                    $global_crate::Client::from_conf(config)
                }).clone()
            })*

            $(pub fn $regional(&self, region: &Region) -> $regional_crate::Client {
                let mut kept = self.$regional.lock().unwrap_or_else(PoisonError::into_inner);
                kept.entry(region.clone()).or_insert_with(|| {
                    let config = $regional_crate::config::Builder::from(&self.base)
                        .region($regional_crate::config::Region::new(region.as_str().to_owned()))
                        .interceptor(self.guard)
                        .build();
                    $regional_crate::Client::from_conf(config)
                }).clone()
            })*
        }
    };
}

clients! {
    global {
        account: aws_sdk_account,
        iam: aws_sdk_iam,
        organizations: aws_sdk_organizations,
        sts: aws_sdk_sts,
    }
    regional {
        athena: aws_sdk_athena,
        cloudcontrol: aws_sdk_cloudcontrol,
        cloudtrail: aws_sdk_cloudtrail,
        config: aws_sdk_config,
        identitystore: aws_sdk_identitystore,
        resourceexplorer: aws_sdk_resourceexplorer2,
        ssoadmin: aws_sdk_ssoadmin,
        tagging: aws_sdk_resourcegroupstagging,
    }
}

impl Clients {
    /// Lets pass what the user has asked for. To be called before the first client is made.
    pub fn asked(mut self, asked: OnlyWith) -> Self {
        self.guard = Guard { asked: Some(asked) };
        self
    }

    /// The home Region: named by the user or the configuration, else [`DEFAULT_REGION`].
    pub fn home(&self) -> &Region {
        &self.home
    }

    /// What is asked for events instead of AWS; empty: AWS.
    pub fn endpoint(&self) -> String {
        let own = std::env::var("AWS_ENDPOINT_URL_CLOUDTRAIL").ok();
        own.or_else(|| self.base.endpoint_url().map(str::to_owned)).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::collect::aws::testing::{Server, reply};

    #[tokio::test]
    async fn calls_carry_the_programs_name_and_go_once() {
        let server = Server::answering(|request| {
            let agent = request.header("x-amz-user-agent").unwrap_or_default();
            assert!(agent.contains("app/mgmtscope"), "{agent}");
            reply(503, "text/plain", "later")
        });
        assert!(server.clients().organizations().list_roots().send().await.is_err());
        assert_eq!(server.count(), 1, "the SDK must not retry by itself");
    }

    #[tokio::test]
    async fn one_endpoint_serves_all_services() {
        let server = Server::answering(|request| {
            assert!(request.uri().starts_with("http://127.0.0.1:9/"), "{}", request.uri());
            reply(500, "text/plain", "no")
        });
        let clients = server.clients();
        let elsewhere = Region::new("eu-west-3");
        assert!(clients.account().list_regions().send().await.is_err());
        assert!(clients.iam().get_account_summary().send().await.is_err());
        assert!(clients.cloudtrail(&elsewhere).lookup_events().send().await.is_err());
        assert_eq!(server.count(), 3);
    }
}
