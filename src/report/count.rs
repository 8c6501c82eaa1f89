//! The number of rows, alone on a line.

use super::Format;

pub const COUNT: Format =
    Format { name: "count", about: "how many rows", write: |listing, out| writeln!(out, "{}", listing.rows.len()) };
