//! Storage that grows at its end while clones of it are read: pieces of a fixed size, shared until one must change.

use std::sync::Arc;

/// Values in a piece.
const PIECE: usize = 1 << SHIFT;
const SHIFT: u32 = 13;

/// A column of values. A clone costs a pointer for each piece; of the pieces only the last ever changes, and then a clone
/// keeps its own.
#[derive(Clone, Debug)]
pub(super) struct Column<T> {
    pieces: Vec<Arc<Vec<T>>>,
    len: usize,
}

impl<T> Default for Column<T> {
    fn default() -> Self {
        Self { pieces: Vec::new(), len: 0 }
    }
}

impl<T: Copy> Column<T> {
    pub fn len(&self) -> usize {
        self.len
    }

    pub fn push(&mut self, value: T) {
        self.extend(std::iter::once(value));
    }

    pub fn extend(&mut self, values: impl ExactSizeIterator<Item = T>) {
        let mut values = values;
        while values.len() > 0 {
            let room = PIECE - (self.len & (PIECE - 1));
            if room == PIECE {
                // A column that stays short must not take a whole piece.
                self.pieces.push(Arc::new(Vec::with_capacity(values.len().min(PIECE))));
            }
            let Some(last) = self.pieces.last_mut() else { return };
            let piece = Arc::make_mut(last);
            let before = piece.len();
            let take = values.len().min(room);
            // Doubling would take room beyond the piece's size, which nothing fills.
            if piece.capacity() - before < take {
                piece.reserve_exact(take.max(before).min(room));
            }
            piece.extend(values.by_ref().take(room));
            self.len += piece.len() - before;
        }
    }

    /// # Panics
    /// When there is no such value.
    pub fn get(&self, at: usize) -> T {
        self.pieces[at >> SHIFT][at & (PIECE - 1)]
    }

    pub fn iter(&self) -> impl Iterator<Item = T> + '_ {
        self.pieces.iter().flat_map(|piece| piece.iter().copied())
    }

    /// The values of the piece of that number; pieces of all columns of a log begin at the same rows.
    pub fn slice(&self, piece: usize) -> &[T] {
        self.pieces.get(piece).map_or(&[], |piece| &piece[..])
    }

    pub fn pieces(&self) -> usize {
        self.pieces.len()
    }

    /// The first place at which `before` is false, in a column where it is true up to a place and false from it on.
    pub fn partition_point(&self, mut before: impl FnMut(T) -> bool) -> usize {
        let pieces = self.pieces.partition_point(|piece| piece.last().is_some_and(|&last| before(last)));
        let Some(piece) = self.pieces.get(pieces) else { return self.len };
        (pieces << SHIFT) + piece.partition_point(|&value| before(value))
    }
}

/// Rows of a piece.
pub(super) const ROWS: usize = PIECE;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_piece_takes_no_more_room_than_it_can_fill() {
        let mut column = Column::default();
        for n in 0..10 {
            column.extend(n * 3_000..(n + 1) * 3_000u32);
        }
        assert_eq!((column.len(), column.iter().last()), (30_000, Some(29_999)));
        assert!(column.pieces.iter().all(|piece| piece.capacity() <= PIECE));
    }

    #[test]
    fn a_clone_stays_as_it_was() {
        let mut column = Column::default();
        column.extend(0..10u32);
        let before = column.clone();
        column.extend(10..20_000u32);
        assert_eq!((before.len(), column.len()), (10, 20_000));
        assert!(before.iter().eq(0..10) && column.iter().eq(0..20_000));
        assert_eq!((column.get(8_191), column.get(8_192), column.get(19_999)), (8_191, 8_192, 19_999));
        assert_eq!(column.partition_point(|value| value < 9_000), 9_000);
        assert_eq!(column.partition_point(|_| true), 20_000);
        assert!((0..column.pieces()).all(|piece| column.slice(piece)[0] as usize == piece * ROWS));
    }
}
