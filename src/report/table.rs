//! An aligned table for a terminal or a mail; all columns, nothing cut.

use std::io::Write;

use comfy_table::presets::NOTHING;
use comfy_table::{ContentArrangement, Table};

use super::{Format, Listing};

pub const TABLE: Format = Format { name: "table", about: "an aligned table", write };

fn write(listing: &Listing<'_>, out: &mut dyn Write) -> std::io::Result<()> {
    let mut table = Table::new();
    table.load_style(NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    let heading = |(name, title): (&str, &str)| if title.is_empty() { name.to_uppercase() } else { title.to_owned() };
    table.set_header(listing.headings().into_iter().map(heading));
    for at in 0..listing.rows.len() {
        table.add_row(listing.cells(at));
    }
    for line in table.lines() {
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(())
}
