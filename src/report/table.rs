//! An aligned table for a terminal or a mail; all columns, nothing cut.

use std::io::Write;

use comfy_table::presets::NOTHING;
use comfy_table::{ContentArrangement, Table};

use super::{Format, Listing};

pub const TABLE: Format = Format { name: "table", about: "an aligned table", write };

fn write(listing: &Listing<'_>, out: &mut dyn Write) -> std::io::Result<()> {
    let mut table = Table::new();
    table.load_style(NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(
        listing
            .pane
            .columns
            .iter()
            .map(|column| if column.title.is_empty() { column.name.to_uppercase() } else { column.title.to_owned() }),
    );
    for &row in &listing.rows {
        table.add_row(listing.cells(row));
    }
    for line in table.lines() {
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(())
}
