//! What about a call could decide: the keys that the organization's policies ask for where they speak of its action. What
//! nobody asks for tells no two calls apart.

use std::collections::BTreeSet;

use super::bounds::{Compiled, Library};
use crate::analysis::policy::{Layer, Statement};
use crate::catalog::actions::{self, Action};

/// Which columns of an event matter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Interest {
    pub region: bool,
    pub ip: bool,
    pub agent: bool,
    /// The resources themselves.
    pub resources: bool,
    /// In whose account they are.
    pub owner: bool,
    /// The name of the role session.
    pub session: bool,
}

impl Interest {
    fn or(self, other: Self) -> Self {
        Self {
            region: self.region || other.region,
            ip: self.ip || other.ip,
            agent: self.agent || other.agent,
            resources: self.resources || other.resources,
            owner: self.owner || other.owner,
            session: self.session || other.session,
        }
    }

    fn of_key(key: &str) -> Self {
        let none = Self::default();
        match key.to_ascii_lowercase().as_str() {
            "aws:requestedregion" | "ec2:region" => Self { region: true, ..none },
            "aws:sourceip" | "aws:vpcsourceip" | "aws:sourcevpc" | "aws:sourcevpce" | "aws:sourcevpcarn"
            | "aws:vpceaccount" | "aws:vpceorgid" | "aws:vpceorgpaths" => Self { ip: true, ..none },
            "aws:useragent" => Self { agent: true, ..none },
            "aws:userid" => Self { session: true, ..none },
            key if key.starts_with("aws:resource") => Self { owner: true, ..none },
            _ => none,
        }
    }
}

/// The keys that a statement asks for, in conditions and in variables.
fn keys(statement: &Statement) -> impl Iterator<Item = &str> {
    let texts = statement.resources.iter().flat_map(|resources| resources.written.iter());
    let texts = texts.chain(statement.conditions.iter().flat_map(|condition| condition.written.2.iter()));
    let variables = texts.flat_map(|text| text.split("${").skip(1)).filter_map(|rest| rest.split(['}', ',']).next());
    statement.conditions.iter().map(|condition| &*condition.written.1).chain(variables.map(str::trim))
}

fn of_statement(statement: &Statement) -> Interest {
    let named = statement.resources.as_ref().is_some_and(|resources| !resources.is_everything());
    let own = Interest { resources: named, ..Interest::default() };
    keys(statement).map(Interest::of_key).fold(own, Interest::or)
}

/// What could decide about an action; of one that is not known, what any statement asks for.
pub fn of_action(library: &Library, action: Option<&Action>) -> Interest {
    let name = action.map(|action| action.to_string().to_ascii_lowercase());
    let speaks = |statement: &&Statement| match (&name, &statement.actions) {
        (Some(name), Some(actions)) => actions.matches(name),
        _ => true,
    };
    let of_policy = |policy: &std::sync::Arc<Compiled>| {
        // An RCP, read or not, is about resources of the place only.
        let owner = Interest { owner: policy.layer == Layer::Rcp, ..Interest::default() };
        policy.policy().statements.iter().filter(speaks).map(of_statement).fold(owner, Interest::or)
    };
    library.all.iter().map(of_policy).fold(Interest::default(), Interest::or)
}

/// Keys that policies ask for and of which something is known without an event.
#[derive(Debug, Default)]
pub struct Keys {
    /// `aws:PrincipalTag/...`: what a user is not tagged with is absent.
    pub principal_tags: BTreeSet<String>,
    /// Keys of a service, which requests to other services do not carry.
    pub of_services: BTreeSet<String>,
}

impl Keys {
    pub fn of(library: &Library) -> Self {
        let mut asked = Self::default();
        for key in library.all.iter().flat_map(|policy| policy.policy().statements.iter()).flat_map(keys) {
            let lower = key.to_ascii_lowercase();
            let service = lower.split_once(':').map_or("", |(service, _)| service);
            if lower.starts_with("aws:principaltag/") {
                asked.principal_tags.insert(key.to_owned());
            } else if !actions::of_service(service).is_empty() && !OF_CREDENTIALS.contains(&&*lower) {
                asked.of_services.insert(key.to_owned());
            }
        }
        asked
    }
}

/// Keys with the name of a service that come with credentials, whatever is called with them.
const OF_CREDENTIALS: &[&str] = &[
    "ec2:sourceinstancearn",
    "ec2:roledelivery",
    "glue:roleassumedby",
    "glue:credentialissuingservice",
    "lambda:sourcefunctionarn",
    "ssm:sourceinstancearn",
    "sts:sourceidentity",
    "sts:rolesessionname",
];
