//! Trees and chains as lines of a detail: what stands in front of each line is worked out here, drawn elsewhere.

use super::document::Line;

/// What one level of a tree shows in front of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guide {
    /// Nothing more comes on this level.
    Blank,
    /// `│`: the level goes on below.
    Through,
    /// `├`: this line, and more come.
    Branch,
    /// `└`: this line is the last.
    Last,
}

/// The place of a line in a tree.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Branch {
    /// From the outermost level inwards; none at a root.
    pub guides: Vec<Guide>,
    /// Something follows one level deeper: rows that this line is broken into keep the way down to it open.
    pub opens: bool,
    /// It belongs to the node above it.
    pub note: bool,
}

impl Branch {
    /// What the rows below the first show, when the line is broken into several.
    pub fn below(&self) -> Vec<Guide> {
        let mut guides = self.guides.clone();
        if let Some(last) = guides.last_mut() {
            *last = match *last {
                Guide::Branch | Guide::Through => Guide::Through,
                Guide::Last | Guide::Blank => Guide::Blank,
            };
        }
        if !self.note {
            guides.push(if self.opens { Guide::Through } else { Guide::Blank });
        }
        guides
    }
}

/// A tree as it is walked: every node with its depth, parents before their children.
///
/// ```
/// # use mgmtscope::panes::{Line, tree::Tree};
/// let mut tree = Tree::default();
/// tree.node(0, Line::text("role/admin"));
/// tree.node(1, Line::text("user/ci"));
/// tree.note(Line::text("with MFA"));
/// tree.node(1, Line::text("ec2.amazonaws.com"));
/// assert_eq!(tree.lines().len(), 4);
/// ```
#[derive(Clone, Debug, Default)]
pub struct Tree {
    /// Depth, whether it is a note, the line. A note has the depth of its node.
    rows: Vec<(usize, bool, Line)>,
}

impl Tree {
    /// A node. One that is more than a level deeper than the node before it is taken as that node's child.
    pub fn node(&mut self, depth: usize, line: Line) {
        let deepest = self.rows.last().map_or(0, |(above, ..)| above + 1);
        self.rows.push((depth.min(deepest), false, line));
    }

    /// A line that belongs to the node before it: a condition, a piece of evidence.
    pub fn note(&mut self, line: Line) {
        let depth = self.rows.last().map_or(0, |(above, ..)| *above);
        self.rows.push((depth, true, line));
    }

    /// The lines with their guides.
    pub fn lines(self) -> Vec<Line> {
        // Walked from the end: which levels go on below is then known at every line. Level 0 has no guide.
        let mut open: Vec<bool> = Vec::new();
        let mut lines: Vec<Line> = Vec::with_capacity(self.rows.len());
        for (depth, note, mut line) in self.rows.into_iter().rev() {
            let goes_on = |level: usize| open.get(level).copied().unwrap_or(false);
            let through = |level: usize| if goes_on(level) { Guide::Through } else { Guide::Blank };
            let opens = goes_on(depth + 1);
            let guides = if note {
                (1..=depth + 1).map(through).collect()
            } else {
                let own = if goes_on(depth) { Guide::Branch } else { Guide::Last };
                (1..depth).map(through).chain((depth > 0).then_some(own)).collect()
            };
            line.branch = Some(Branch { guides, opens: opens && !note, note });
            lines.push(line);
            if !note {
                open.resize(depth + 1, false);
                open[depth] = true;
            }
        }
        lines.reverse();
        lines
    }
}

/// A step of a chain, and the lines that it rests on.
#[derive(Clone, Debug, Default)]
pub struct Step {
    pub line: Line,
    pub evidence: Vec<Line>,
}

impl Step {
    pub fn new(line: Line) -> Self {
        Self { line, evidence: Vec::new() }
    }

    /// A line of evidence, which may lead further.
    #[must_use]
    pub fn because(mut self, line: Line) -> Self {
        self.evidence.push(line);
        self
    }
}

/// Steps one under the other, each a level deeper than the one that it follows from.
pub fn chain(start: Line, steps: impl IntoIterator<Item = Step>) -> Vec<Line> {
    let mut tree = Tree::default();
    tree.node(0, start);
    for (n, step) in steps.into_iter().enumerate() {
        tree.node(n + 1, step.line);
        for line in step.evidence {
            tree.note(line);
        }
    }
    tree.lines()
}

#[cfg(test)]
mod tests {
    use super::*;
    use Guide::{Blank, Last, Through};

    fn guides(lines: &[Line]) -> Vec<Vec<Guide>> {
        lines.iter().map(|line| line.branch.clone().expect("a tree").guides).collect()
    }

    #[test]
    fn every_level_knows_whether_it_goes_on() {
        let mut tree = Tree::default();
        for depth in [0, 1, 2, 2, 1, 2, 0] {
            tree.node(depth, Line::text("x"));
        }
        let lines = tree.lines();
        assert_eq!(
            guides(&lines),
            [
                vec![],
                vec![Guide::Branch],
                vec![Through, Guide::Branch],
                vec![Through, Last],
                vec![Last],
                vec![Blank, Last],
                vec![],
            ]
        );
        let opens: Vec<bool> = lines.iter().map(|line| line.branch.as_ref().is_some_and(|b| b.opens)).collect();
        assert_eq!(opens, [true, true, false, false, true, false, false]);
    }

    #[test]
    fn a_note_keeps_the_way_to_the_children_of_its_node_open() {
        let step = |n: &str| Step::new(Line::text(n)).because(Line::text("why"));
        let lines = chain(Line::text("start"), [step("first"), step("second")]);
        assert_eq!(
            guides(&lines),
            [vec![], vec![Last], vec![Blank, Through], vec![Blank, Last], vec![Blank, Blank, Blank]]
        );
    }

    #[test]
    fn a_node_that_is_too_deep_is_a_child() {
        let mut tree = Tree::default();
        tree.node(9, Line::text("root"));
        tree.node(9, Line::text("child"));
        assert_eq!(guides(&tree.lines()), [vec![], vec![Last]]);
    }

    proptest::proptest! {
        /// Read downwards, a level that goes through or branches is followed by another line of that level before it ends.
        #[test]
        fn guides_never_hang_in_the_air(depths in proptest::collection::vec((0usize..6, proptest::bool::ANY), 0..40)) {
            let mut tree = Tree::default();
            for &(depth, note) in &depths {
                if note { tree.note(Line::text("n")) } else { tree.node(depth, Line::text("x")) }
            }
            let all = guides(&tree.lines());
            for pair in all.windows(2) {
                for (level, guide) in pair[0].iter().enumerate() {
                    let below = pair[1].get(level);
                    let goes_on = matches!(guide, Through | Guide::Branch);
                    let joined = matches!(below, Some(Through | Guide::Branch | Last));
                    // Nothing comes up from below but what went on above, or a first child.
                    proptest::prop_assert!(!goes_on || joined, "{:?}", all);
                }
            }
            if let Some(last) = all.last() {
                proptest::prop_assert!(!last.iter().any(|guide| matches!(guide, Through | Guide::Branch)));
            }
        }
    }
}
