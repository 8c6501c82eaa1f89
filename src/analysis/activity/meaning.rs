//! Whether an event needed the management account: by its call, and by who made it.

use crate::catalog::calls;
use crate::catalog::management_only::{self, Needs};
use crate::model::log::{EventLog, EventRow, Field, Key};
use crate::model::{ActorKind, EventId};

/// Who else could have made the call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Class {
    /// Nobody: only the management account can.
    Management,
    /// A delegated administrator.
    Delegate,
    /// It depends on the request.
    Conditional,
    /// No rule says so, but it is done from the management account.
    Convention,
    /// Any account, for itself.
    Any,
    /// An AWS service made it, for itself or for somebody.
    Background,
    /// The call is in no list.
    #[default]
    Unclassified,
}

impl Class {
    pub const ALL: [Self; 7] = [
        Self::Management,
        Self::Delegate,
        Self::Conditional,
        Self::Convention,
        Self::Any,
        Self::Background,
        Self::Unclassified,
    ];

    pub fn word(self) -> &'static str {
        match self {
            Self::Management => "management",
            Self::Delegate => "delegate",
            Self::Conditional => "conditional",
            Self::Convention => "convention",
            Self::Any => "any",
            Self::Background => "background",
            Self::Unclassified => "unclassified",
        }
    }

    /// In a sentence.
    pub fn words(self) -> &'static str {
        match self {
            Self::Management => "only the management account can do this",
            Self::Delegate => "a delegated administrator could do this",
            Self::Conditional => "depends on the request",
            Self::Convention => "done from the management account by convention",
            Self::Any => "any account can do this for itself",
            Self::Background => "an AWS service did this, not a person or a workload",
            Self::Unclassified => "in no list of AWS's actions: cannot be told",
        }
    }

    fn of_call(source: &str, name: &str) -> Self {
        match management_only::operation(source, name).map(|known| known.needs) {
            Some(Needs::Management) => Self::Management,
            Some(Needs::Delegate) => Self::Delegate,
            Some(Needs::Conditional) => Self::Conditional,
            Some(Needs::Convention) => Self::Convention,
            Some(Needs::Any) => Self::Any,
            // Whoever can sign in anywhere can do it there.
            None if source == "signin.amazonaws.com" || calls::action(source, name).is_some() => Self::Any,
            None => Self::Unclassified,
        }
    }
}

/// Whether a service acts: by its own principal, through a role linked to it, or on somebody's behalf. What the console
/// does for somebody is that somebody's.
pub fn is_background(event: EventRow<'_>) -> bool {
    let behalf = event.word(Field::InvokedBy);
    event.actor_kind() == ActorKind::AwsService
        || (!behalf.is_empty() && behalf != "signin.amazonaws.com")
        || event.word(Field::ActorName).starts_with("AWSServiceRoleFor")
}

/// The class of every event, by number.
pub fn classes(log: &EventLog) -> Vec<u8> {
    let mut calls: Vec<Option<Class>> = vec![None; log.key_count(Key::Deed)];
    let mut actors: Vec<Option<bool>> = vec![None; log.key_count(Key::Actor)];
    let mut classes = Vec::with_capacity(log.rows());
    for piece in log.pieces() {
        let keys = piece.keys[Key::Deed as usize].iter().zip(piece.keys[Key::Actor as usize]);
        for (row, (&deed, &actor)) in (piece.first..).zip(keys) {
            let event = || log.get(EventId(row));
            let background = *actors[actor as usize].get_or_insert_with(|| is_background(event()));
            let of_call = *calls[deed as usize]
                .get_or_insert_with(|| Class::of_call(event().word(Field::Source), event().word(Field::Name)));
            classes.push(if background { Class::Background } else { of_call } as u8);
        }
    }
    classes
}

/// How many spans a period is cut into, to see which way a share goes.
pub const SPANS: usize = 12;

/// Writes that no service made, by class, over the period in spans of equal length.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trend {
    /// Seconds since 1970 at which the first span begins, and the length of one.
    pub from: u32,
    pub width: u32,
    pub spans: [[u64; Class::ALL.len()]; SPANS],
}

impl Trend {
    /// `rows`: the events that are looked at; `first` and `last`: their earliest and latest time, in seconds.
    pub fn of(log: &EventLog, rows: &[u32], classes: &[u8], (first, last): (u32, u32)) -> Self {
        let width = (last - first) / SPANS as u32 + 1;
        let mut trend = Self { from: first, width, ..Self::default() };
        for &row in rows {
            let event = log.get(EventId(row));
            let class = classes[row as usize];
            let Some(at) = event.seconds().checked_sub(first).filter(|_| event.read_only() == Some(false)) else {
                continue;
            };
            if class != Class::Background as u8 {
                let span = ((at / width) as usize).min(SPANS - 1);
                trend.spans[span][class as usize] += 1;
            }
        }
        trend
    }

    /// Percent of a class in each span; none where nothing was written.
    pub fn percent(&self, class: Class) -> [Option<u8>; SPANS] {
        self.spans.map(|span| share(span[class as usize], span.iter().sum()))
    }

    /// Percent of a class over the whole period.
    pub fn share(&self, class: Class) -> Option<u8> {
        let of = self.spans.iter().map(|span| span[class as usize]).sum();
        share(of, self.spans.iter().flatten().sum())
    }
}

fn share(of: u64, all: u64) -> Option<u8> {
    (of * 100 + all / 2).checked_div(all).and_then(|percent| u8::try_from(percent).ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Actor, Event};

    #[test]
    fn a_call_is_classed_by_itself_and_by_who_made_it() {
        let event = |source: &str, name: &str, kind: ActorKind, behalf: &str| Event {
            id: format!("{source}{name}{behalf}{kind:?}").as_str().into(),
            name: name.into(),
            source: source.into(),
            actor: Actor { kind, invoked_by: behalf.into(), name: "x".into(), ..Actor::default() },
            ..Event::default()
        };
        let of = [
            (event("organizations.amazonaws.com", "CloseAccount", ActorKind::IamUser, ""), Class::Management),
            (event("organizations.amazonaws.com", "AttachPolicy", ActorKind::IamUser, ""), Class::Delegate),
            (event("ec2.amazonaws.com", "RunInstances", ActorKind::IamUser, ""), Class::Any),
            (
                event("ec2.amazonaws.com", "RunInstances", ActorKind::IamUser, "autoscaling.amazonaws.com"),
                Class::Background,
            ),
            (event("ec2.amazonaws.com", "RunInstances", ActorKind::AwsService, "x.amazonaws.com"), Class::Background),
            (event("ec2.amazonaws.com", "RunInstances", ActorKind::IamUser, "signin.amazonaws.com"), Class::Any),
            (event("signin.amazonaws.com", "ConsoleLogin", ActorKind::IamUser, ""), Class::Any),
            (event("ec2.amazonaws.com", "NobodyKnowsThis", ActorKind::IamUser, ""), Class::Unclassified),
        ];
        let mut log = EventLog::default();
        log.append(&of.iter().map(|(event, _)| event.clone()).collect::<Vec<_>>());
        let got: Vec<Class> = classes(&log).into_iter().map(|class| Class::ALL[usize::from(class)]).collect();
        assert_eq!(got, of.map(|(_, class)| class));
    }

    #[test]
    fn a_share_is_of_what_people_wrote() {
        assert_eq!((share(1, 3), share(2, 3), share(0, 0), share(3, 3)), (Some(33), Some(67), None, Some(100)));
    }
}
