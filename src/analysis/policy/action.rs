//! `Action` and `NotAction`: compared without regard to case (reference_policies_elements_action). Blanks count: an action
//! with a blank at its end names no action.

use super::glob::Glob;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actions {
    /// `NotAction`: all but these.
    pub all_but: bool,
    /// In lower case.
    patterns: Box<[Glob]>,
    /// As they are written.
    pub written: Box<[Box<str>]>,
}

impl Actions {
    pub fn new(all_but: bool, written: &[String]) -> Self {
        let patterns = written.iter().map(|text| Glob::new(&text.to_ascii_lowercase())).collect();
        Self { all_but, patterns, written: written.iter().map(|text| text.as_str().into()).collect() }
    }

    /// `action` in lower case, as `iam:passrole`.
    pub fn matches(&self, action: &str) -> bool {
        self.patterns.iter().any(|pattern| pattern.matches(action)) != self.all_but
    }

    /// Every action there is.
    pub fn is_everything(&self) -> bool {
        !self.all_but && self.patterns.iter().any(|pattern| pattern.is_all() || *pattern == Glob::new("*:*"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_does_not_count_and_blanks_do() {
        let of = |text: &str| Actions::new(false, &[text.to_owned()]);
        assert!(of("IAM:Pass*").matches("iam:passrole"));
        assert!(!of("iam:PassRole ").matches("iam:passrole"));
        assert!(!of("s3:Get*,Put*").matches("s3:putobject"));
        assert!(of("*").is_everything() && of("*:*").is_everything() && !of("iam:*").is_everything());
        assert!(!Actions::new(true, &["iam:*".to_owned()]).matches("iam:passrole"));
    }
}
