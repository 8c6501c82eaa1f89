//! One line of a `Condition` element: an operator, a key and its values.
//!
//! Source: reference_policies_elements_condition_operators and
//! reference_policies_condition-single-vs-multi-valued-context-keys. A key that is absent fails a positive operator and
//! passes a negated one; with a set operator the request's values are tested one by one. Empty text is a null value
//! (reference_policies_elements_condition, "The request context").

use super::Truth;
use super::context::{Context, Found, Missing};
use super::document::Effect;
use super::operator::{Compared, Given, Kind, Operator, Set, Wanted};

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

    /// `effect`: of the statement; see [`Self::test`].
    pub fn holds(&self, effect: Effect, context: &Context, missing: &mut Missing<'_>) -> Truth {
        let Some(operator) = self.operator else {
            missing.note(&format!("the operator {}", self.written.0));
            return Truth::Unknown;
        };
        let found = context.find(&self.key);
        if found == Found::Unknown {
            missing.note(&self.written.1);
            return Truth::Unknown;
        }
        let null = matches!(found, Found::Absent | Found::One(""));
        if operator.kind == Kind::Null {
            return Truth::from(self.wanted.contains(&Wanted::Flag(null)));
        }
        if found == Found::Absent && operator.if_exists {
            return Truth::Yes;
        }
        let mut test = |value: &str| self.test(operator, value, effect, context, missing);
        match (operator.set, found) {
            (Some(Set::All), _) if null => Truth::Yes,
            (Some(Set::Any), _) if null => Truth::No,
            (None, Found::Absent | Found::Unknown) => Truth::from(operator.negated),
            (_, Found::One(value)) => test(value),
            // Without a set operator a key with many values never matches.
            (None, Found::Many(_)) => Truth::No,
            (Some(Set::All), Found::Many(values)) => values.iter().fold(Truth::Yes, |all, value| all.and(test(value))),
            (Some(Set::Any), Found::Many(values)) => values.iter().fold(Truth::No, |any, value| any.or(test(value))),
            (Some(_), Found::Absent | Found::Unknown) => Truth::Unknown,
        }
    }

    /// One value of the request: like one of the policy's values, or with a negated operator like none of them.
    ///
    /// To a variable without a value nothing is equal, so that a negated operator holds and a Deny takes effect; but it
    /// "might cause the entire statement to be invalid", so that an Allow does not rest on it
    /// (reference_policies_variables, "Policy variables with no value" and its note).
    fn test(
        &self,
        operator: Operator,
        value: &str,
        effect: Effect,
        context: &Context,
        missing: &mut Missing<'_>,
    ) -> Truth {
        let Some(given) = Given::read(operator.kind, value) else { return Truth::No };
        let mut any = Truth::No;
        let mut none = Truth::Yes;
        for wanted in &self.wanted {
            let (equal, unequal) = match wanted.compare(operator.kind, &given, context, missing) {
                Compared::Is(equal) => (Truth::from(equal), Truth::from(!equal)),
                Compared::Unknown => (Truth::Unknown, Truth::Unknown),
                Compared::NoValue => (Truth::No, Truth::from(effect == Effect::Deny)),
                // What cannot be compared satisfies neither an operator nor its negation.
                Compared::Invalid => (Truth::No, Truth::No),
            };
            any = any.or(equal);
            none = none.and(unequal);
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
        Condition::new(operator, "k", &values, true).holds(Effect::Allow, context, &mut Missing::default())
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
        let mut note = Missing::new(Some(&mut missing));
        assert_eq!(condition.holds(Effect::Allow, &Context::open(), &mut note), Truth::Unknown);
        assert_eq!(missing, ["aws:SourceIp"]);
        let mut known = Context::open();
        known.set_absent("aws:sourceip");
        assert_eq!(condition.holds(Effect::Allow, &known, &mut Missing::default()), Truth::No);
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
