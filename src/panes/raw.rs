//! Raw JSON as a tab of a detail: the text that AWS answered, to be read and searched, and the way to the tree.

use serde_json::Value;

use super::cell::Tone;
use super::document::{Line, Section, Target};
use crate::model::text::clean;

/// The sections of a tab with the raw form of a row.
pub fn sections(value: &Value) -> Vec<Section> {
    let mut lines = vec![Line::toned("Open it as a tree that folds", Tone::Link).to(Target::Raw)];
    let text = serde_json::to_string_pretty(value).unwrap_or_default();
    lines.extend(text.lines().map(|line| {
        let inner = line.trim_start_matches(' ');
        let depth = u16::try_from((line.len() - inner.len()) / 2).unwrap_or(u16::MAX);
        // Names stand back behind values.
        let named = inner.starts_with('"').then(|| inner.split_once("\": ")).flatten();
        let line = match named {
            Some((name, value)) => {
                Line::toned(format!("{}\": ", clean(name)), Tone::Dim).and(clean(value), Tone::Plain)
            }
            None => Line::text(clean(inner)),
        };
        line.indent(depth)
    }));
    vec![Section::new("What AWS answered", lines)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::panes::TimeStyle;
    use serde_json::json;

    #[test]
    fn every_line_of_the_json_is_there_at_its_depth() {
        let sections = sections(&json!({"a": {"b": ["x: \"y\": z"]}, "c": "\u{202e}"}));
        let style = TimeStyle::utc(jiff::Timestamp::UNIX_EPOCH);
        let shown: Vec<String> = (sections[0].lines.iter())
            .map(|line| format!("{}{}", "  ".repeat(line.indent.into()), line.plain(&style)))
            .collect();
        assert_eq!(
            shown[1..],
            ["{", "  \"a\": {", "    \"b\": [", r#"      "x: \"y\": z""#, "    ]", "  },", r#"  "c": "\u{202e}""#, "}"]
        );
        assert_eq!(sections[0].lines[0].target, Some(Target::Raw));
    }
}
