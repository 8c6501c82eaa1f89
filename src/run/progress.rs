//! Progress of a reading without a screen: one bar an ask on stderr, and nothing there when stderr is not a terminal.

use std::collections::BTreeMap;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::model::{Ask, Batch, Facts, Status};
use crate::panes::cell::span;

pub struct Bars {
    all: MultiProgress,
    bars: BTreeMap<Ask, ProgressBar>,
}

impl Default for Bars {
    fn default() -> Self {
        Self::new()
    }
}

impl Bars {
    pub fn new() -> Self {
        Self { all: MultiProgress::with_draw_target(ProgressDrawTarget::stderr_with_hz(8)), bars: BTreeMap::new() }
    }

    /// Shows what a batch says of its ask's progress. `facts` are those before the batch.
    pub fn watch(&mut self, batch: &Batch, facts: &Facts) {
        let Batch::Reading(cell, reading) = batch else { return };
        let ask = cell.ask;
        let bar = self.bars.entry(ask).or_insert_with(|| {
            let style = ProgressStyle::with_template("{prefix:34} {bar:20} {msg}")
                .unwrap_or_else(|_| ProgressStyle::default_bar());
            let bar = self.all.add(ProgressBar::new(1));
            bar.set_style(style);
            bar.set_prefix(ask.title());
            bar
        });
        let others = facts.coverage.of_ask(ask).filter(|(other, _)| *other != cell).map(|(_, reading)| reading);
        let (mut cells, mut done, mut rows, mut worst, mut eta) = (0u64, 0u64, 0u64, Status::Complete, None);
        for reading in others.chain([reading]) {
            cells += 1;
            done += u64::from(!reading.status.is_open());
            rows += reading.rows;
            worst = worst.max(reading.status);
            eta = eta.max(reading.eta);
        }
        bar.set_length(cells);
        bar.set_position(done);
        let mut message = format!("{rows} rows, {}", worst.word());
        if let Some(eta) = eta {
            message.push_str(&format!(", about {} left", span(eta)));
        }
        bar.set_message(message);
        if done == cells {
            bar.tick();
        }
    }

    pub fn clear(&self) {
        // The bars have said what they had to; the report follows.
        let _ = self.all.clear();
    }
}
