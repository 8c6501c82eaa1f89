//! Sets of seconds: what was read, as spans that neither touch nor overlap, the oldest first.

use super::Span;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Spans(Vec<Span>);

impl Spans {
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = Span> + '_ {
        self.0.iter().copied()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn add(&mut self, span: Span) {
        if span.seconds() == 0 {
            return;
        }
        let first = self.0.partition_point(|other| other.to < span.from.saturating_sub(1));
        let after = self.0.partition_point(|other| other.from <= span.to.saturating_add(1));
        let touched = &self.0[first..after.max(first)];
        let from = touched.first().map_or(span.from, |other| other.from.min(span.from));
        let to = touched.last().map_or(span.to, |other| other.to.max(span.to));
        self.0.splice(first..after.max(first), [Span { from, to }]);
    }

    /// What lies within a span.
    #[must_use]
    pub fn within(&self, bounds: Span) -> Self {
        let cut = |span: Span| Span { from: span.from.max(bounds.from), to: span.to.min(bounds.to) };
        Self(self.iter().map(cut).filter(|span| span.seconds() > 0).collect())
    }

    /// What is here and not there.
    #[must_use]
    pub fn without(&self, other: &Self) -> Self {
        let mut left = Self::default();
        for span in self.iter() {
            let mut from = span.from;
            for hole in other.iter().filter(|hole| hole.to >= span.from && hole.from <= span.to) {
                left.add(Span { from, to: hole.from - 1 });
                from = hole.to + 1;
            }
            left.add(Span { from, to: span.to });
        }
        left
    }
}

impl FromIterator<Span> for Spans {
    fn from_iter<I: IntoIterator<Item = Span>>(spans: I) -> Self {
        let mut all = Self::default();
        for span in spans {
            all.add(span);
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn seconds(spans: &Spans) -> BTreeSet<i64> {
        spans.iter().flat_map(|span| span.from..=span.to).collect()
    }

    fn spans() -> impl Strategy<Value = Spans> {
        let span = (0i64..60, -2i64..12).prop_map(|(from, length)| Span { from, to: from + length });
        proptest::collection::vec(span, 0..9).prop_map(|all| all.into_iter().collect())
    }

    proptest! {
        #[test]
        fn they_are_sets_of_seconds(a in spans(), b in spans(), from in 0i64..60, length in 0i64..40) {
            let mut both = a.clone();
            b.iter().for_each(|span| both.add(span));
            prop_assert_eq!(seconds(&both), &seconds(&a) | &seconds(&b));
            prop_assert_eq!(seconds(&a.without(&b)), &seconds(&a) - &seconds(&b));
            let bounds = Span { from, to: from + length };
            prop_assert_eq!(seconds(&a.within(bounds)), &seconds(&a) & &(bounds.from..=bounds.to).collect());
            for set in [both, a.without(&b), a.within(bounds)] {
                prop_assert!(set.0.is_sorted_by(|a, b| a.to + 1 < b.from), "{set:?}");
            }
        }
    }
}
