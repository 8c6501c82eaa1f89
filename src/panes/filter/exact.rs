//! What a filter says exactly: terms by which a source can find rows that are not here yet.

use super::Filter;
use super::language::{Expr, Needle, Operator, Term, parse};

impl Filter {
    /// Fields and their whole values, as in `key=AKIA...`, of which every row that the filter finds has all.
    pub fn exact(&self) -> Vec<(String, String)> {
        let mut found = Vec::new();
        if let Ok(expr) = parse(self.text()) {
            gather(expr, &mut found);
        }
        found
    }
}

/// What holds under an OR or a NOT need not hold of every row.
fn gather(expr: Expr, found: &mut Vec<(String, String)>) {
    match expr {
        Expr::All(all) => all.into_iter().for_each(|expr| gather(expr, found)),
        Expr::Term(Term { negated: false, field: Some((name, Operator::Is)), needle, .. }) => {
            let value = match needle {
                Needle::Quoted(value) => value,
                Needle::Words(words) => words.join("|"),
                Needle::Regex(_) | Needle::Fuzzy(_) => return,
            };
            found.extend((!value.is_empty()).then_some((name, value)));
        }
        Expr::Any(_) | Expr::Not(_) | Expr::Term(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::panes::PaneId;

    #[test]
    fn only_whole_values_that_must_hold_are_exact() {
        let exact = |text: &str| Filter::new(text, PaneId::Activity.pane()).expect("a filter").exact();
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(exact(r#"since:3d key="AKIA1" write"#), [pair("key", "AKIA1")]);
        assert_eq!(exact("event=ConsoleLogin session=ann"), [pair("event", "ConsoleLogin"), pair("session", "ann")]);
        for text in
            ["key:AKIA1", "!key=AKIA1", "key!=AKIA1", "error=\"\"", "AKIA1", "", "key=A OR key=B", "NOT (key=A)"]
        {
            assert_eq!(exact(text), [], "{text}");
        }
    }
}
