//! A JSON array of objects: one a row, by column name. Written row by row, so that a million rows need no memory.

use std::io::Write;

use serde_json::{Map, Value};

use super::{Format, Listing};

pub const JSON: Format = Format { name: "json", about: "an array of objects", write };

fn write(listing: &Listing<'_>, out: &mut dyn Write) -> std::io::Result<()> {
    out.write_all(b"[")?;
    for at in 0..listing.rows.len() {
        out.write_all(if at == 0 { b"\n" } else { b",\n" })?;
        let fields = listing.headings().into_iter().zip(listing.values(at));
        let fields = fields.map(|((name, _), value)| (name.to_owned(), value.json()));
        let object: Map<String, Value> = fields.collect();
        serde_json::to_writer(&mut *out, &object)?;
    }
    out.write_all(b"\n]\n")
}
