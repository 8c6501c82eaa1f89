//! Pieces of JSON that come again and again: understood once, and known by their bytes from then on.

use hashbrown::HashTable;

use crate::model::log::hash;

/// Pieces of JSON and what they came to.
#[derive(Debug, Default)]
pub struct Slices {
    text: Vec<u8>,
    found: Vec<(usize, usize, u32)>,
    index: HashTable<u32>,
}

impl Slices {
    /// What a piece came to; `make` says it of a new one. None: it is out of the ordinary.
    pub fn get(&mut self, slice: &str, make: impl FnOnce() -> Option<u32>) -> Option<u32> {
        let hashed = hash(slice.as_bytes());
        let same = |&at: &u32| {
            let (start, end, _) = self.found[at as usize];
            &self.text[start..end] == slice.as_bytes()
        };
        if let Some(&at) = self.index.find(hashed, same) {
            return Some(self.found[at as usize].2);
        }
        let value = make()?;
        let start = self.text.len();
        self.text.extend_from_slice(slice.as_bytes());
        let at = u32::try_from(self.found.len()).ok()?;
        self.found.push((start, self.text.len(), value));
        let (text, found) = (&self.text, &self.found);
        self.index.insert_unique(hashed, at, |&at| {
            let (start, end, _) = found[at as usize];
            hash(&text[start..end])
        });
        Some(value)
    }
}
