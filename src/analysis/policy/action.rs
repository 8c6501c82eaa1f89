//! `Action` and `NotAction`: compared without regard to case (reference_policies_elements_action). Blanks count: an action
//! with a blank at its end names no action.
//!
//! AWS's own policies list thousands of actions in one statement, so that they are kept by service.

use super::glob::Glob;

/// A service's name, with its first eight bytes as a number: comparing these nearly always is enough.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Service {
    start: u64,
    name: Box<str>,
}

fn start(name: &str) -> u64 {
    let mut bytes = [0; 8];
    let length = name.len().min(8);
    bytes[..length].copy_from_slice(&name.as_bytes()[..length]);
    u64::from_be_bytes(bytes)
}

/// An action that is asked about, taken apart once: in lower case, as `iam:passrole`.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    whole: &'a str,
    /// Service, its beginning and the name. None: it has no colon.
    parts: Option<(&'a str, u64, &'a str)>,
}

impl<'a> Asked<'a> {
    pub fn new(action: &'a str) -> Self {
        let parts = action.split_once(':').map(|(service, name)| (service, start(service), name));
        Self { whole: action, parts }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actions {
    /// `NotAction`: all but these.
    pub all_but: bool,
    /// The service and the pattern of the action's name, in lower case and in the order of services.
    of_services: Box<[(Service, Glob)]>,
    /// Patterns that name no service, or one with wildcards, in lower case.
    of_any: Box<[Glob]>,
    /// As they are written.
    pub written: Box<[Box<str>]>,
}

impl Actions {
    pub fn new(all_but: bool, written: &[String]) -> Self {
        let mut of_services: Vec<(Service, Glob)> = Vec::new();
        let mut of_any = Vec::new();
        for text in written {
            let text = text.to_ascii_lowercase();
            match text.split_once(':') {
                Some((service, name)) if !service.contains(['*', '?']) => {
                    let service = Service { start: start(service), name: service.into() };
                    of_services.push((service, Glob::new(name)));
                }
                _ => of_any.push(Glob::new(&text)),
            }
        }
        of_services.sort_by(|(one, _), (other, _)| one.cmp(other));
        Self {
            all_but,
            of_services: of_services.into(),
            of_any: of_any.into(),
            written: written.iter().map(|text| text.as_str().into()).collect(),
        }
    }

    /// `action` in lower case, as `iam:passrole`.
    pub fn matches(&self, action: &str) -> bool {
        self.include(Asked::new(action))
    }

    pub fn include(&self, action: Asked<'_>) -> bool {
        let of_service = || {
            let Some((service, start, name)) = action.parts else { return false };
            let from = self.of_services.partition_point(|(known, _)| (known.start, &*known.name) < (start, service));
            self.of_services[from..]
                .iter()
                .take_while(|(known, _)| known.start == start && *known.name == *service)
                .any(|(_, pattern)| pattern.matches(name))
        };
        (self.of_any.iter().any(|pattern| pattern.matches(action.whole)) || of_service()) != self.all_but
    }

    /// Every action there is.
    pub fn is_everything(&self) -> bool {
        !self.all_but && self.of_any.iter().any(|pattern| pattern.is_all() || *pattern == Glob::new("*:*"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn case_does_not_count_and_blanks_do() {
        let of = |text: &str| Actions::new(false, &[text.to_owned()]);
        assert!(of("IAM:Pass*").matches("iam:passrole"));
        assert!(!of("iam:PassRole ").matches("iam:passrole"));
        assert!(!of("s3:Get*,Put*").matches("s3:putobject"));
        assert!(of("*").is_everything() && of("*:*").is_everything() && !of("iam:*").is_everything());
        assert!(!Actions::new(true, &["iam:*".to_owned()]).matches("iam:passrole"));
    }

    proptest! {
        /// By service or not, it comes to the same as each pattern by itself.
        #[test]
        fn as_one_pattern_after_the_other(
            patterns in prop::collection::vec("[ab*?]{0,2}:?[ab:*?]{0,3}", 0..6),
            action in "[ab]{1,2}:?[ab:]{0,3}",
        ) {
            let plain = patterns.iter().any(|pattern| Glob::new(pattern).matches(&action));
            prop_assert_eq!(Actions::new(false, &patterns).matches(&action), plain);
            prop_assert_eq!(Actions::new(true, &patterns).matches(&action), !plain);
        }
    }
}
