//! CSV with a heading. A cell that a spreadsheet would run as a formula gets an apostrophe before it
//! (OWASP, "CSV Injection"), since names in an attacked account may be chosen by the attacker.

use std::io::Write;

use super::{Format, Listing};

pub const CSV: Format = Format { name: "csv", about: "comma-separated, formulas made harmless", write };

fn harmless(cell: String) -> String {
    if cell.starts_with(['=', '+', '-', '@']) && cell.len() > 1 { format!("'{cell}") } else { cell }
}

fn write(listing: &Listing<'_>, out: &mut dyn Write) -> std::io::Result<()> {
    let mut writer = ::csv::Writer::from_writer(out);
    writer.write_record(listing.headings().into_iter().map(|(name, _)| name))?;
    for at in 0..listing.rows.len() {
        writer.write_record(listing.cells(at).map(harmless))?;
    }
    writer.flush()
}

#[cfg(test)]
mod tests {
    use super::harmless;

    #[test]
    fn formulas_are_quoted_and_a_dash_stays() {
        assert_eq!(harmless("=cmd|' /C calc'!A0".into()), "'=cmd|' /C calc'!A0");
        assert_eq!(harmless("-".into()), "-");
        assert_eq!(harmless("admin".into()), "admin");
    }
}
