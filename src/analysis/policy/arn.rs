//! ARNs under the ARN operators: "each of the six colon-delimited components of the ARN is checked separately"
//! (reference_policies_elements_condition_operators).

use super::context::{Context, Missing};
use super::operator::Compared;
use super::template::{Filled, Marks, Template};

const MARKS: Marks = Marks { wildcards: true, variables: true };

/// The parts of an ARN. None: it is no ARN.
pub fn parts(text: &str) -> Option<[&str; 6]> {
    let mut rest = text.splitn(6, ':');
    let mut parts = [""; 6];
    for part in &mut parts {
        *part = rest.next()?;
    }
    (parts[0] == "arn" && !parts[1].is_empty() && !parts[2].is_empty()).then_some(parts)
}

/// A value of a policy under an ARN operator.
#[derive(Clone, Debug, PartialEq)]
pub enum ArnPattern {
    /// `*`
    Any,
    Parts(Box<[Template; 6]>),
    /// The parts come from a variable.
    Open(Template),
    /// It has no six parts.
    Invalid,
}

impl ArnPattern {
    /// `variables`: whether the policy's version knows them.
    pub fn new(text: &str, variables: bool) -> Self {
        let marks = Marks { variables, ..MARKS };
        if let Ok(parts) = Template::split(text, marks, ':', 6).try_into() {
            return Self::Parts(Box::new(parts));
        }
        let whole = Template::new(text, marks);
        match whole.fixed() {
            Some(glob) if glob.is_all() => Self::Any,
            Some(_) => Self::Invalid,
            None => Self::Open(whole),
        }
    }

    pub fn compare(&self, arn: &[&str; 6], context: &Context, missing: &mut Missing<'_>) -> Compared {
        match self {
            Self::Any => Compared::Is(true),
            Self::Invalid => Compared::Invalid,
            Self::Parts(templates) => {
                let mut all = Compared::Is(true);
                for (template, part) in templates.iter().zip(arn) {
                    match template.matches(part, context, missing) {
                        Filled::Value(fits) if all == Compared::Is(true) => all = Compared::Is(fits),
                        Filled::Value(_) => {}
                        Filled::Missing => return Compared::NoValue,
                        Filled::Unknown => all = Compared::Unknown,
                    }
                }
                all
            }
            Self::Open(whole) => match whole.fill_and_split(':', 6, context, missing) {
                Filled::Value(globs) if globs.len() != 6 => Compared::Invalid,
                Filled::Value(globs) => Compared::Is(globs.iter().zip(arn).all(|(glob, part)| glob.matches(part))),
                Filled::Missing => Compared::NoValue,
                Filled::Unknown => Compared::Unknown,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compare(pattern: &str, arn: &str, context: &Context) -> Compared {
        let arn = parts(arn).expect("an ARN");
        ArnPattern::new(pattern, true).compare(&arn, context, &mut Missing::default())
    }

    #[test]
    fn arns_are_compared_part_by_part() {
        let user = "arn:aws:iam::1:user/a";
        let topic = "arn:aws:sns:us-east-1:999:store/abc:111:finance/x";
        for (pattern, arn, wanted) in [
            ("arn:aw*:ec?:us-*-1:*:instance/i-*", "arn:aws:ec2:us-east-1:1:instance/i-0", Compared::Is(true)),
            ("arn:aws:iam::1:*", "arn:aws:iam::1:root", Compared::Is(true)),
            ("arn:*:*:*:*:*", user, Compared::Is(true)),
            ("*", user, Compared::Is(true)),
            // The example of the page: a string operator would match.
            ("arn:aws:sns:*:111:finance/*", topic, Compared::Is(false)),
            ("arn:aws:*:1:*", user, Compared::Invalid),
            ("arn:aws:iam::1:user/A", user, Compared::Is(false)),
            ("", user, Compared::Invalid),
        ] {
            assert_eq!(compare(pattern, arn, &Context::default()), wanted, "{pattern} {arn}");
        }
    }

    #[test]
    fn a_variable_may_be_a_part_or_the_whole() {
        let user = "arn:aws:iam::1:user/a";
        let known = Context::of(&[("k", user), ("name", "a"), ("short", "a:b")]);
        for (pattern, context, wanted) in [
            ("${k}", &known, Compared::Is(true)),
            ("${short}", &known, Compared::Invalid),
            ("arn:aws:iam::1:user/${name}", &known, Compared::Is(true)),
            ("arn:aws:iam::1:user/${k}", &known, Compared::Is(false)),
            ("arn:aws:iam::2:user/${name}", &Context::default(), Compared::NoValue),
            ("arn:aws:iam::2:user/${name}", &Context::open(), Compared::Unknown),
            ("${k}", &Context::default(), Compared::NoValue),
        ] {
            assert_eq!(compare(pattern, user, context), wanted, "{pattern}");
        }
    }

    #[test]
    fn what_is_no_arn_has_no_parts() {
        for text in ["", "*", "arn:::bucket", "arn:aws:s3", "arn::s3:::b", "urn:aws:s3:::b"] {
            assert_eq!(parts(text), None, "{text}");
        }
        assert_eq!(parts("arn:aws:s3:::b:c").map(|parts| parts[5]), Some("b:c"));
    }
}
