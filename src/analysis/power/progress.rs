//! How far an evaluation has come, for whoever waits: a percentage that only grows.

use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};

/// Tells each new percentage once.
pub struct Progress<'a> {
    tell: &'a (dyn Fn(u8) + Sync),
    last: AtomicU8,
}

/// One part of the work, from one percentage to another.
pub struct Stage<'a> {
    progress: &'a Progress<'a>,
    from: u8,
    to: u8,
    total: usize,
    done: AtomicUsize,
}

impl<'a> Progress<'a> {
    pub fn new(tell: &'a (dyn Fn(u8) + Sync)) -> Self {
        Self { tell, last: AtomicU8::new(0) }
    }

    /// A part with so many steps.
    pub fn stage(&self, from: u8, to: u8, total: usize) -> Stage<'_> {
        Stage { progress: self, from, to, total, done: AtomicUsize::new(0) }
    }

    pub fn reached(&self, percent: u8) {
        if self.last.fetch_max(percent, Ordering::Relaxed) < percent {
            (self.tell)(percent);
        }
    }
}

impl Stage<'_> {
    /// One step is done; from whichever thread.
    pub fn step(&self) {
        let done = self.done.fetch_add(1, Ordering::Relaxed) + 1;
        let share = usize::from(self.to - self.from) * done / self.total.max(1);
        self.progress.reached(self.from + u8::try_from(share).unwrap_or(0));
    }
}

/// For those who do not wait.
pub fn untold() -> Progress<'static> {
    Progress::new(&|_| {})
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use rayon::prelude::*;

    use super::*;

    #[test]
    fn each_percentage_is_told_once_and_none_is_lost_at_the_end() {
        let told = Mutex::new(Vec::new());
        let tell = |percent| told.lock().expect("whole").push(percent);
        let progress = Progress::new(&tell);
        for (from, to, total) in [(0, 50, 1_000), (50, 60, 3), (60, 60, 0), (60, 100, 7)] {
            let stage = progress.stage(from, to, total);
            (0..total).into_par_iter().for_each(|_| stage.step());
        }
        let mut told = told.lock().expect("whole").clone();
        assert_eq!(told.iter().max(), Some(&100));
        let count = told.len();
        told.sort_unstable();
        told.dedup();
        assert_eq!(told.len(), count, "none twice");
    }
}
