//! `Resource` and `NotResource`: ARNs with wildcards and variables (reference_policies_elements_resource).
//!
//! An ARN with fewer than six parts ("short") is completed with a star in the policies of a principal. A resource policy
//! completes it only if a wildcard is in it. An SCP or RCP takes it only if it ends with a star, and takes no other. Under
//! `NotResource` an entry that cannot be used never turns into "everything else": the statement does not apply.
//!
//! A star at the end of a part reaches beyond the colons, so that `arn:aws:sqs:*:queue` is a queue of any Region and
//! account, short as it is.

use super::Truth;
use super::context::{Context, Missing};
use super::template::{Filled, Marks, Template};

/// Whose policy a resource stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Identity, session and boundary policies.
    Principal,
    Resource,
    /// SCPs and RCPs.
    Organization,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    whole: Template,
    /// For a short ARN that does not end with a star: completed.
    completed: Option<Template>,
    has_wildcard: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resources {
    /// `NotResource`: all but these.
    pub all_but: bool,
    entries: Box<[Entry]>,
    pub written: Box<[Box<str>]>,
}

impl Resources {
    /// `variables`: whether the policy's version knows them.
    pub fn new(all_but: bool, written: &[String], variables: bool) -> Self {
        let marks = Marks { wildcards: true, variables };
        let entry = |text: &String| {
            let is_short = || Template::split(text, marks, ':', 6).len() < 6;
            let short = text.starts_with("arn:") && !text.ends_with('*') && is_short();
            Entry {
                whole: Template::new(text, marks),
                completed: short.then(|| Template::new(&format!("{text}:*"), marks)),
                has_wildcard: text.contains(['*', '?']),
            }
        };
        Self {
            all_but,
            entries: written.iter().map(entry).collect(),
            written: written.iter().map(|text| text.as_str().into()).collect(),
        }
    }

    /// `*`, and not as `NotResource`.
    pub fn is_everything(&self) -> bool {
        !self.all_but && self.entries.iter().any(|entry| entry.whole.fixed().is_some_and(super::glob::Glob::is_all))
    }

    /// A resource that each entry of a principal's policy names, wildcards left as they are: what can be asked for to
    /// learn whether anything is allowed. Of `NotResource` it is `*`, whatever resource there is.
    pub fn examples(&self, context: &Context) -> Vec<String> {
        if self.all_but { vec!["*".to_owned()] } else { self.named(context) }
    }

    /// What a Deny with `NotResource` leaves alone. None of another.
    pub fn spared(&self, context: &Context) -> Vec<String> {
        if self.all_but { self.named(context) } else { Vec::new() }
    }

    fn named(&self, context: &Context) -> Vec<String> {
        let example = |entry: &Entry| {
            let template = entry.templates(Place::Principal).into_iter().flatten().last()?;
            template.example(context)
        };
        self.entries.iter().filter_map(example).collect()
    }

    pub fn matches(&self, resource: &str, context: &Context, place: Place, missing: &mut Missing<'_>) -> Truth {
        let mut found = Truth::No;
        for entry in &self.entries {
            if self.all_but && entry.is_unusable(place) {
                return Truth::No;
            }
            for template in entry.templates(place).into_iter().flatten() {
                found = found.or(match template.matches(resource, context, missing) {
                    Filled::Value(fits) => Truth::from(fits),
                    Filled::Missing if self.all_but => return Truth::No,
                    Filled::Missing => Truth::No,
                    Filled::Unknown => Truth::Unknown,
                });
            }
            if found == Truth::Yes {
                break;
            }
        }
        if self.all_but { found.negate() } else { found }
    }
}

impl Entry {
    /// What it stands for in such a policy: as it is written, and completed.
    fn templates(&self, place: Place) -> [Option<&Template>; 2] {
        match (&self.completed, place) {
            (None, _) => [Some(&self.whole), None],
            (Some(_), Place::Organization) => [None, None],
            (Some(_), Place::Resource) if !self.has_wildcard => [None, None],
            (completed, _) => [self.has_wildcard.then_some(&self.whole), completed.as_ref()],
        }
    }

    /// Under `NotResource` a short ARN that is or would be completed either matches or is one that cannot be used.
    fn is_unusable(&self, place: Place) -> bool {
        self.completed.is_some() && (place != Place::Resource || self.has_wildcard)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUEUE: &str = "arn:aws:sqs:us-east-1:111111111111:queue";

    fn matches(text: &str, all_but: bool, place: Place) -> bool {
        let resources = Resources::new(all_but, &[text.to_owned()], true);
        resources.matches(QUEUE, &Context::default(), place, &mut Missing::default()) == Truth::Yes
    }

    #[test]
    fn short_arns_by_the_kind_of_policy() {
        for (text, principal, resource, organization) in [
            ("*", true, true, true),
            (QUEUE, true, true, true),
            ("arn:aws:sqs", true, false, false),
            ("arn:aws:sqs:*", true, true, true),
            ("arn:aws:sqs:us-east-1:*", true, true, true),
            ("arn:aws:sqs:*:111111111111", true, true, false),
            ("arn:aws:sqs:*:queue", true, true, false),
            ("arn:aws:sqs:us-west-2", false, false, false),
            ("arn:aws:sns:us-east-1:111111111111:queue", false, false, false),
        ] {
            assert_eq!(matches(text, false, Place::Principal), principal, "{text} of a principal");
            assert_eq!(matches(text, false, Place::Resource), resource, "{text} of a resource");
            assert_eq!(matches(text, false, Place::Organization), organization, "{text} of the organization");
        }
    }

    #[test]
    fn under_not_resource_what_cannot_be_used_is_not_everything_else() {
        assert!(matches("arn:aws:sqs:us-east-1:111111111111:other", true, Place::Principal));
        assert!(!matches("arn:aws:sqs:us-east-1:222222222222", true, Place::Principal));
        assert!(!matches("arn:aws:sqs:us-west-2", true, Place::Organization));
        assert!(matches("arn:aws:sqs:us-east-1:111111111111", true, Place::Resource));
        assert!(!matches("arn:aws:s3:::${aws:username}", true, Place::Principal));
    }
}
