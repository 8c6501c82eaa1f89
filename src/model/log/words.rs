//! A dictionary: each word once, in pieces of text that are shared with clones.

use std::borrow::Cow;
use std::sync::Arc;

use hashbrown::HashTable;

use super::hash;
use crate::model::text::clean;

const SHIFT: u32 = 12;
const PIECE: usize = 1 << SHIFT;

#[derive(Clone, Debug, Default, PartialEq)]
struct Piece {
    text: String,
    ends: Vec<u32>,
}

impl Piece {
    fn get(&self, at: usize) -> &str {
        let start = if at == 0 { 0 } else { self.ends[at - 1] };
        &self.text[start as usize..self.ends[at] as usize]
    }
}

/// Words by number. Clean by construction: see [`clean`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Words {
    pieces: Vec<Arc<Piece>>,
    len: u32,
}

impl Words {
    pub fn len(&self) -> usize {
        self.len as usize
    }

    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// # Panics
    /// When there is no such word.
    pub fn get(&self, id: u32) -> &str {
        self.pieces[(id >> SHIFT) as usize].get(id as usize & (PIECE - 1))
    }

    /// All words, by number.
    pub fn iter(&self) -> impl Iterator<Item = &str> + '_ {
        self.pieces.iter().flat_map(|piece| (0..piece.ends.len()).map(|at| piece.get(at)))
    }

    /// The words one after the other, in pieces, with the end of each in its piece: to search many at once.
    pub fn texts(&self) -> impl Iterator<Item = (&str, &[u32])> + '_ {
        self.pieces.iter().map(|piece| (&piece.text[..], &piece.ends[..]))
    }

    /// Adds a word that is clean already.
    fn push(&mut self, word: &str) -> u32 {
        if self.len as usize & (PIECE - 1) == 0 {
            if let Some(full) = self.pieces.last_mut().and_then(Arc::get_mut) {
                full.text.shrink_to_fit();
                full.ends.shrink_to_fit();
            }
            self.pieces.push(Arc::default());
        }
        let id = self.len;
        if let Some(last) = self.pieces.last_mut() {
            let piece = Arc::make_mut(last);
            piece.text.push_str(word);
            // A piece holds 4,096 words of at most 1 MiB.
            piece.ends.push(u32::try_from(piece.text.len()).unwrap_or(u32::MAX));
            self.len += 1;
        }
        id
    }

    /// The number of a word that is clean already; it is added when it is new.
    pub fn intern(&mut self, index: &mut HashTable<u32>, word: &str) -> u32 {
        let word = shortened(word);
        let hashed = hash(word.as_bytes());
        match index.find(hashed, |&id| self.get(id) == word) {
            Some(&id) => id,
            None => self.add(index, hashed, word),
        }
    }

    fn add(&mut self, index: &mut HashTable<u32>, hashed: u64, word: &str) -> u32 {
        let id = self.push(word);
        index.insert_unique(hashed, id, |&id| hash(self.get(id).as_bytes()));
        id
    }

    /// The same for foreign text.
    pub fn intern_foreign(&mut self, index: &mut HashTable<u32>, word: &str) -> u32 {
        let hashed = hash(word.as_bytes());
        // Words are clean: what is found is.
        if let Some(&id) = index.find(hashed, |&id| self.get(id) == word) {
            return id;
        }
        match clean(word) {
            Cow::Borrowed(clean) if clean.len() <= LONGEST => self.add(index, hashed, clean),
            clean => self.intern(index, &clean),
        }
    }

    pub fn index(&self) -> HashTable<u32> {
        let mut index = HashTable::with_capacity(self.len());
        for (id, word) in (0..self.len).zip(self.iter()) {
            index.insert_unique(hash(word.as_bytes()), id, |&id| hash(self.get(id).as_bytes()));
        }
        index
    }
}

/// No field of a record is longer in earnest: CloudTrail cuts fields at 100 KB. The record itself is kept whole.
const LONGEST: usize = 256 << 10;

fn shortened(word: &str) -> &str {
    let mut end = word.len().min(LONGEST);
    while !word.is_char_boundary(end) {
        end -= 1;
    }
    &word[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_has_one_number() {
        let (mut words, mut index) = (Words::default(), HashTable::new());
        let ids: Vec<u32> = (0..10_000).map(|n| words.intern(&mut index, &format!("w{}", n % 5_000))).collect();
        assert_eq!(words.len(), 5_000);
        assert_eq!(ids[..5_000], ids[5_000..]);
        assert!((0..5_000).all(|n| words.get(ids[n]) == format!("w{n}")));
        let before = words.clone();
        words.intern(&mut index, "more");
        assert_eq!((before.len(), words.len()), (5_000, 5_001));
        let mut index = words.index();
        assert_eq!(words.intern(&mut index, "w17"), ids[17]);
    }

    #[test]
    fn foreign_words_are_clean() {
        let (mut words, mut index) = (Words::default(), HashTable::new());
        let id = words.intern_foreign(&mut index, "a\u{1b}[2J");
        assert_eq!(words.get(id), "a\\u{1b}[2J");
    }

    #[test]
    fn a_word_without_end_is_cut() {
        let (mut words, mut index) = (Words::default(), HashTable::new());
        let long = "ä".repeat(LONGEST);
        let id = words.intern(&mut index, &long);
        assert!(words.get(id).len() <= LONGEST);
        let again = words.intern(&mut index, &long);
        assert_eq!(again, id);
    }
}
