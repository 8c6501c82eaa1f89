//! One line of a `Condition` element: an operator, a key and its values.
//!
//! Source: reference_policies_elements_condition_operators and
//! reference_policies_condition-single-vs-multi-valued-context-keys. A key that is absent fails a positive operator and
//! passes a negated one; with a set operator the request's values are tested one by one.

use super::Truth;
use super::context::{Context, Found, note};
use super::operator::{Kind, Operator, Set, Wanted, compare, compare_text, is_valid};
use super::template::Filled;

#[derive(Clone, Debug, PartialEq)]
pub struct Condition {
    /// None: there is no such operator, and it cannot be told whether the condition holds.
    pub operator: Option<Operator>,
    /// In lower case.
    pub key: Box<str>,
    wanted: Box<[Wanted]>,
    /// Operator, key and values as they are written.
    pub written: (Box<str>, Box<str>, Box<[Box<str>]>),
}

impl Condition {
    pub fn new(operator: &str, key: &str, values: &[String], variables: bool) -> Self {
        let parsed = Operator::parse(operator);
        let wanted = |text: &String| match parsed {
            Some(operator) => Wanted::new(operator.kind, text, variables),
            None => Wanted::Invalid,
        };
        Self {
            operator: parsed,
            key: key.to_ascii_lowercase().into(),
            wanted: values.iter().map(wanted).collect(),
            written: (operator.into(), key.into(), values.iter().map(|text| text.as_str().into()).collect()),
        }
    }

    /// `StringEquals sts:ExternalId = x or y`.
    pub fn words(&self) -> String {
        let (operator, key, values) = &self.written;
        format!("{operator} {key} = {}", values.join(" or "))
    }

    pub fn holds(&self, context: &Context, missing: &mut Vec<String>) -> Truth {
        let Some(operator) = self.operator else {
            note(missing, &format!("the operator {}", self.written.0));
            return Truth::Unknown;
        };
        let found = context.find(&self.key);
        if found == Found::Unknown {
            note(missing, &self.written.1);
            return Truth::Unknown;
        }
        if operator.kind == Kind::Null {
            let absent = found == Found::Absent;
            return Truth::from(self.wanted.iter().any(|wanted| *wanted == Wanted::Flag(absent)));
        }
        match (operator.set, found) {
            (_, Found::Unknown) => Truth::Unknown,
            (_, Found::Absent) if operator.if_exists => Truth::Yes,
            (Some(Set::All), Found::Absent) => Truth::Yes,
            (Some(Set::Any), Found::Absent) => Truth::No,
            (None, Found::Absent) => Truth::from(operator.negated),
            (_, Found::One(value)) => self.test(operator, value, context, missing),
            // Without a set operator a key with many values never matches.
            (None, Found::Many(_)) => Truth::No,
            (Some(Set::All), Found::Many(values)) => {
                values.iter().map(|value| self.test(operator, value, context, missing)).fold(Truth::Yes, Truth::and)
            }
            (Some(Set::Any), Found::Many(values)) => {
                values.iter().map(|value| self.test(operator, value, context, missing)).fold(Truth::No, Truth::or)
            }
        }
    }

    /// One value of the request: like one of the policy's values, or with a negated operator like none of them.
    fn test(&self, operator: Operator, value: &str, context: &Context, missing: &mut Vec<String>) -> Truth {
        if !is_valid(operator.kind, value) {
            return Truth::No;
        }
        let mut any = Truth::No;
        let mut none = Truth::Yes;
        for wanted in &self.wanted {
            // None: the value of the policy is not what the operator compares, so that neither it nor its negation holds.
            let matched = match wanted {
                Wanted::Text(template) => match template.fixed() {
                    Some(glob) => compare_text(operator.kind, glob, value).map(Truth::from),
                    None => match template.fill(context, missing) {
                        Filled::Value(glob) => compare_text(operator.kind, &glob, value).map(Truth::from),
                        Filled::Missing => None,
                        Filled::Unknown => Some(Truth::Unknown),
                    },
                },
                wanted => compare(operator.kind, wanted, value).map(Truth::from),
            };
            any = any.or(matched.unwrap_or(Truth::No));
            none = none.and(matched.map_or(Truth::No, Truth::negate));
        }
        if operator.negated { none } else { any }
    }
}

#[cfg(test)]
mod tests {
    use super::super::context::Value;
    use super::*;

    fn holds(operator: &str, values: &[&str], context: &Context) -> Truth {
        let values: Vec<String> = values.iter().map(|&text| text.to_owned()).collect();
        Condition::new(operator, "k", &values, true).holds(context, &mut Vec::new())
    }

    #[test]
    fn an_absent_key_fails_positive_operators_and_passes_negated_ones() {
        let nothing = Context::default();
        for (operator, wanted) in [
            ("StringEquals", Truth::No),
            ("StringNotEquals", Truth::Yes),
            ("StringEqualsIfExists", Truth::Yes),
            ("StringNotEqualsIfExists", Truth::Yes),
            ("ForAllValues:StringEquals", Truth::Yes),
            ("ForAnyValue:StringEquals", Truth::No),
            ("ForAnyValue:StringNotEquals", Truth::No),
            ("Bool", Truth::No),
            ("NotIpAddress", Truth::Yes),
            ("NoSuchOperator", Truth::Unknown),
        ] {
            assert_eq!(holds(operator, &["x"], &nothing), wanted, "{operator}");
        }
    }

    #[test]
    fn an_unknown_key_leaves_it_open_and_is_named() {
        let mut missing = Vec::new();
        let condition = Condition::new("StringEquals", "aws:SourceIp", &["x".to_owned()], true);
        assert_eq!(condition.holds(&Context::open(), &mut missing), Truth::Unknown);
        assert_eq!(missing, ["aws:SourceIp"]);
        let mut known = Context::open();
        known.set_absent("aws:sourceip");
        assert_eq!(condition.holds(&known, &mut Vec::new()), Truth::No);
    }

    #[test]
    fn many_values_need_a_set_operator() {
        let mut context = Context::default();
        context.set("K", Value::Many(vec!["a".into(), "b".into()]));
        for (operator, wanted) in [
            ("StringEquals", Truth::No),
            ("StringNotEquals", Truth::No),
            ("ForAllValues:StringEquals", Truth::No),
            ("ForAnyValue:StringEquals", Truth::Yes),
            ("ForAnyValue:StringNotEquals", Truth::Yes),
            ("ForAllValues:StringLike", Truth::No),
        ] {
            assert_eq!(holds(operator, &["a"], &context), wanted, "{operator}");
        }
    }

    #[test]
    fn what_cannot_be_compared_satisfies_neither_an_operator_nor_its_negation() {
        let context = Context::of(&[("k", "abc")]);
        for operator in ["NumericEquals", "NumericNotEquals", "DateNotEquals", "NotIpAddress", "ArnNotLike"] {
            assert_eq!(holds(operator, &["1"], &context), Truth::No, "{operator}");
        }
        let number = Context::of(&[("k", "10")]);
        assert_eq!(holds("NumericNotEquals", &["a"], &number), Truth::No);
        assert_eq!(holds("StringNotEquals", &["${aws:username}"], &context), Truth::No);
    }
}
