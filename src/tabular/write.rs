//! Tables as CSV, for people and their spreadsheets: UTF-8 with its mark, and no cell that a spreadsheet would run (T33).

use std::borrow::Cow;
use std::io::Write;

/// UTF-8's mark: without it Excel takes the file for the encoding of the machine.
const MARK: &[u8] = b"\xef\xbb\xbf";

/// Writes rows of a table.
pub struct CsvWriter<W: Write> {
    rows: csv::Writer<W>,
}

impl<W: Write> CsvWriter<W> {
    /// Begins a table.
    pub fn new(mut target: W) -> std::io::Result<CsvWriter<W>> {
        target.write_all(MARK)?;
        Ok(CsvWriter::continued(target))
    }

    /// Goes on with a table whose beginning is written already.
    pub fn continued(target: W) -> CsvWriter<W> {
        let rows = csv::WriterBuilder::new().flexible(true).terminator(csv::Terminator::CRLF).from_writer(target);
        CsvWriter { rows }
    }

    /// Writes one row.
    pub fn row<I: AsRef<str>>(&mut self, cells: impl IntoIterator<Item = I>) -> std::io::Result<()> {
        for cell in cells {
            self.rows.write_field(inert(cell.as_ref()).as_bytes())?;
        }
        self.rows.write_record(None::<&[u8]>)?;
        Ok(())
    }

    /// Hands over what is written and not taken yet; the table can go on.
    pub fn flush(&mut self) -> std::io::Result<()> {
        self.rows.flush()
    }

    /// What was written to, for whoever streams the table in pieces.
    pub fn target(&self) -> &W {
        self.rows.get_ref()
    }

    /// Ends the table.
    pub fn finish(self) -> std::io::Result<W> {
        self.rows.into_inner().map_err(|error| std::io::Error::other(error.to_string()))
    }
}

/// A cell that a spreadsheet would take for a formula gets an apostrophe before it; a telephone number is none.
pub fn inert(cell: &str) -> Cow<'_, str> {
    let runs = cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠']);
    if runs && !is_number(cell) { Cow::Owned(format!("'{cell}")) } else { Cow::Borrowed(cell) }
}

/// The apostrophe that [`inert`] put there, taken away again: what was exported can be imported.
pub fn as_meant(cell: &str) -> &str {
    match cell.strip_prefix('\'') {
        Some(meant) if inert(meant) == cell => meant,
        _ => cell,
    }
}

/// `+4915550100` or `-12.5`: nothing that could run.
fn is_number(cell: &str) -> bool {
    let digits = cell.strip_prefix(['+', '-']).unwrap_or(cell);
    digits.starts_with(|first: char| first.is_ascii_digit())
        && digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
        && digits.bytes().filter(|byte| *byte == b'.').count() <= 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_can_run() {
        for evil in
            ["=1+1", "+1+1", "-1+cmd|' /C calc'!A0", "@SUM(A1)", "\t=1", "\r=1", "=HYPERLINK(\"http://x\")", "＝1"]
        {
            assert_eq!(inert(evil), format!("'{evil}"));
            assert_eq!(as_meant(&inert(evil)), evil);
        }
        for plain in ["Anna", "+4915550100", "-12.5", "1=1", "", "'quoted'", "O'Neill"] {
            assert_eq!(inert(plain), plain);
            assert_eq!(as_meant(plain), plain);
        }
    }

    #[test]
    fn what_is_written_reads_back() {
        let cells = ["Jörg \"Jo\"", "a,b;c", "two\nlines", "=1"];
        let mut table = CsvWriter::new(Vec::new()).expect("written");
        table.row(["Name", "x", "y", "z"]).expect("written");
        table.row(cells).expect("written");
        let bytes = table.finish().expect("written");

        let read = crate::tabular::read::rows(&bytes[..], &crate::tabular::guess::guess(&bytes)).expect("readable");
        let rows: Vec<_> = read.map(|row| row.expect("a row").cells).collect();

        assert_eq!(rows.len(), 1);
        assert!(rows[0].iter().map(|cell| as_meant(cell)).eq(cells));
    }
}
