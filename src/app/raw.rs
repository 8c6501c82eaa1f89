//! The raw JSON of a row as a tree of lines: folds, moves, searches. Text is cleaned here, since records are kept as
//! they came.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::model::text::clean;

/// One line of the tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    pub depth: u16,
    /// The field's name or the item's number; empty at the root.
    pub name: String,
    /// A scalar as JSON; for a branch, what it holds in brief.
    pub text: String,
    /// Index of the first line after this branch.
    pub end: usize,
    pub branch: bool,
}

#[derive(Debug, Default)]
pub struct Raw {
    pub title: String,
    pub nodes: Vec<Node>,
    folded: BTreeSet<usize>,
    /// The lines that are shown: all but those inside folded branches.
    pub shown: Vec<usize>,
    pub cursor: usize,
    pub offset: usize,
    pub search: String,
    /// The value itself, for copying.
    pub value: Value,
}

/// Policy documents are JSON inside a string: shown as the tree that they are.
fn unpacked(value: &Value) -> Option<Value> {
    let text = value.as_str()?.trim_start();
    if !text.starts_with(['{', '[']) {
        return None;
    }
    serde_json::from_str(text).ok()
}

fn grow(nodes: &mut Vec<Node>, depth: u16, name: &str, value: &Value) {
    let inner = unpacked(value);
    let value = inner.as_ref().unwrap_or(value);
    let at = nodes.len();
    let node = |text: String, branch: bool| Node { depth, name: clean(name).into_owned(), text, end: at + 1, branch };
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            nodes.push(node(format!("{{{}}}", fields.len()), true));
            for (name, value) in fields {
                grow(nodes, depth + 1, name, value);
            }
        }
        Value::Array(items) if !items.is_empty() => {
            nodes.push(node(format!("[{}]", items.len()), true));
            for (n, value) in items.iter().enumerate() {
                grow(nodes, depth + 1, &n.to_string(), value);
            }
        }
        scalar => nodes.push(node(clean(&scalar.to_string()).into_owned(), false)),
    }
    let end = nodes.len();
    nodes[at].end = end;
}

impl Raw {
    pub fn new(title: String, value: Value) -> Self {
        let mut nodes = Vec::new();
        match &value {
            Value::Object(fields) if !fields.is_empty() => {
                for (name, value) in fields {
                    grow(&mut nodes, 0, name, value);
                }
            }
            value => grow(&mut nodes, 0, "", value),
        }
        let mut raw = Self { title, nodes, value, ..Self::default() };
        raw.relist();
        raw
    }

    fn relist(&mut self) {
        let mut shown = Vec::new();
        let mut at = 0;
        while at < self.nodes.len() {
            shown.push(at);
            at = if self.folded.contains(&at) { self.nodes[at].end } else { at + 1 };
        }
        self.shown = shown;
    }

    pub fn is_folded(&self, node: usize) -> bool {
        self.folded.contains(&node)
    }

    pub fn current(&self) -> Option<(usize, &Node)> {
        let &at = self.shown.get(self.cursor)?;
        self.nodes.get(at).map(|node| (at, node))
    }

    pub fn step(&mut self, by: isize, height: usize) -> bool {
        let before = (self.cursor, self.offset);
        self.cursor = self.cursor.saturating_add_signed(by).min(self.shown.len().saturating_sub(1));
        self.clamp(height);
        before != (self.cursor, self.offset)
    }

    pub fn clamp(&mut self, height: usize) {
        let height = height.max(1);
        self.cursor = self.cursor.min(self.shown.len().saturating_sub(1));
        self.offset = self.offset.min(self.shown.len().saturating_sub(height)).min(self.cursor);
        if self.cursor >= self.offset + height {
            self.offset = self.cursor + 1 - height;
        }
    }

    /// Folds or unfolds the branch under the cursor; on a leaf, folding goes to its parent.
    pub fn fold(&mut self, fold: Option<bool>) -> bool {
        let Some((at, node)) = self.current() else { return false };
        let want = fold.unwrap_or(!self.folded.contains(&at));
        if node.branch && want != self.folded.contains(&at) {
            if want {
                self.folded.insert(at)
            } else {
                self.folded.remove(&at)
            };
            self.relist();
            return true;
        }
        if want && let Some(parent) = self.nodes.iter().take(at).rposition(|parent| parent.branch && parent.end > at) {
            self.reveal(parent);
            return true;
        }
        false
    }

    /// Puts the cursor on a node, unfolding what hides it.
    fn reveal(&mut self, node: usize) {
        let hiding: Vec<usize> =
            self.folded.iter().copied().filter(|&at| at < node && self.nodes[at].end > node).collect();
        for at in hiding {
            self.folded.remove(&at);
        }
        self.relist();
        self.cursor = self.shown.iter().position(|&at| at == node).unwrap_or(0);
    }

    /// Puts the cursor on the node at the end of a path, or as far along it as there is one. A step is the name of a field,
    /// the number of an item, or the text of one of an item's fields, such as its name.
    pub fn go_to(&mut self, path: &[String]) {
        let (mut found, mut from, mut end, mut depth) = (None, 0, self.nodes.len(), 0);
        for step in path {
            let children = (from..end).filter(|&at| self.nodes[at].depth == depth);
            let quoted = Value::String(step.clone()).to_string();
            let is_called = |at: usize| {
                let node = &self.nodes[at];
                let mut inner = (at + 1..node.end).filter(|&inner| self.nodes[inner].depth == depth + 1);
                node.branch && inner.any(|inner| self.nodes[inner].text == quoted)
            };
            let named: Vec<usize> = children.collect();
            let next = named.iter().copied().find(|&at| self.nodes[at].name == *step);
            let Some(at) = next.or_else(|| named.into_iter().find(|&at| is_called(at))) else { break };
            (found, from, end, depth) = (Some(at), at + 1, self.nodes[at].end, depth + 1);
        }
        if let Some(at) = found {
            self.reveal(at);
        }
    }

    pub fn matches(&self, node: &Node) -> bool {
        let search = self.search.to_lowercase();
        !search.is_empty() && (node.name.to_lowercase().contains(&search) || node.text.to_lowercase().contains(&search))
    }

    /// To the next (or previous) line that matches the search, round the end.
    pub fn next_match(&mut self, forward: bool, from_here: bool) -> bool {
        let Some((here, _)) = self.current() else { return false };
        let count = self.nodes.len();
        let first = usize::from(!from_here);
        let found = (first..=count).map(|n| if forward { (here + n) % count } else { (here + count * 2 - n) % count });
        match found.into_iter().find(|&at| self.matches(&self.nodes[at])) {
            Some(at) => {
                self.reveal(at);
                true
            }
            None => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_leads_as_far_as_there_is_one() {
        let statement = r#"{"Statement":[{"Sid":"a"},{"Sid":"b"}]}"#;
        let value = serde_json::json!({"role": {"inline": [{"name": "one", "document": "{}"},
            {"name": "two", "document": statement}]}, "policies": {"arn:x": statement}});
        let mut raw = Raw::new("t".into(), value);
        let mut at = |path: &[&str]| {
            raw.go_to(&path.iter().map(|&step| step.to_owned()).collect::<Vec<_>>());
            raw.current().map(|(at, node)| (node.name.clone(), raw.nodes[at + 1].text.clone()))
        };
        let found = |name: &str, text: &str| Some((name.to_owned(), text.to_owned()));
        assert_eq!(at(&["role", "inline", "two", "document", "Statement", "1"]), found("1", r#""b""#));
        assert_eq!(at(&["policies", "arn:x", "Statement", "0"]), found("0", r#""a""#));
        assert_eq!(at(&["role", "inline", "three"]).map(|(name, _)| name), Some("inline".to_owned()));
        let before = at(&["role"]);
        assert_eq!(at(&["nothing"]), before);
    }
    use serde_json::json;

    #[test]
    fn folds_hide_and_searching_reveals() {
        let mut raw = Raw::new("x".into(), json!({"a": {"b": 1, "c": {"d": "deep"}}, "e": 2}));
        assert_eq!(raw.shown.len(), 5);
        assert!(raw.fold(Some(true)));
        assert_eq!(raw.shown.len(), 2);
        raw.search = "DEEP".into();
        assert!(raw.next_match(true, false));
        assert_eq!(raw.current().map(|(_, node)| node.name.as_str()), Some("d"));
    }

    #[test]
    fn a_document_in_a_string_is_a_tree_and_hostile_text_is_made_visible() {
        let raw = Raw::new("x".into(), json!({"document": "{\"Effect\":\"Allow\"}", "name": "a\u{202e}b"}));
        assert!(raw.nodes.iter().any(|node| node.name == "Effect"));
        assert!(raw.nodes.iter().all(|node| !node.text.contains('\u{202e}')));
    }
}
