//! Tables as XLSX. Text is text there: a cell that begins like a formula is written as a string and never runs. Rows go to a
//! temporary file as they come, so that memory stays flat.

use rust_xlsxwriter::{Format, Workbook, Worksheet, XlsxError};
use std::io::{Seek, Write};
use std::path::Path;

/// Longest text of a cell, as Excel has it.
const CELL_CHARS_MAX: usize = 32_767;
/// Most rows of a sheet, as Excel has it.
pub const ROWS_MAX: u32 = 1_048_576;

/// What stands in a cell.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    /// Nothing.
    Empty,
    /// A text, also one that looks like a number or a formula.
    Text(String),
    /// A number.
    Number(f64),
    /// A moment, in milliseconds since 1970 UTC; shown as UTC.
    Moment(i64),
}

impl<T: Into<String>> From<T> for Cell {
    fn from(text: T) -> Cell {
        Cell::Text(text.into())
    }
}

/// Writes rows of one sheet.
pub struct XlsxWriter {
    book: Workbook,
    row: u32,
    bold: Format,
    moment: Format,
}

impl XlsxWriter {
    /// Begins a sheet with the names of its columns; what is under way lies below `spool`.
    pub fn new(spool: &Path, name: &str, columns: &[&str]) -> std::io::Result<XlsxWriter> {
        let mut book = Workbook::new();
        book.set_tempdir(spool).map_err(other)?;
        let sheet = book.add_worksheet_with_constant_memory().map_err(other)?;
        sheet.set_name(name).map_err(other)?;
        let mut table = XlsxWriter {
            book,
            row: 0,
            bold: Format::new().set_bold(),
            moment: Format::new().set_num_format("yyyy-mm-dd hh:mm:ss"),
        };
        let bold = table.bold.clone();
        for (at, column) in (0..).zip(columns) {
            table.sheet()?.write_string_with_format(0, at, *column, &bold).map_err(other)?;
        }
        table.sheet()?.set_freeze_panes(1, 0).map_err(other)?;
        table.row = 1;
        Ok(table)
    }

    /// Writes one row; an error where a sheet cannot hold more.
    pub fn row(&mut self, cells: &[Cell]) -> std::io::Result<()> {
        if self.row >= ROWS_MAX {
            return Err(std::io::Error::other("a sheet holds no more than 1,048,576 rows"));
        }
        let (row, moment) = (self.row, self.moment.clone());
        let sheet = self.sheet()?;
        for (at, cell) in (0..).zip(cells) {
            match cell {
                Cell::Empty => {}
                Cell::Text(text) => {
                    let short: String = text.chars().take(CELL_CHARS_MAX).collect();
                    sheet.write_string(row, at, short).map_err(other)?;
                }
                Cell::Number(number) => {
                    sheet.write_number(row, at, *number).map_err(other)?;
                }
                Cell::Moment(at_ms) => {
                    sheet.write_number_with_format(row, at, excel_days(*at_ms), &moment).map_err(other)?;
                }
            }
        }
        self.row += 1;
        Ok(())
    }

    /// Ends the sheet and writes the file.
    pub fn finish<W: Write + Seek + Send>(mut self, target: W) -> std::io::Result<()> {
        self.book.save_to_writer(target).map_err(other)
    }

    fn sheet(&mut self) -> std::io::Result<&mut Worksheet> {
        self.book.worksheet_from_index(0).map_err(other)
    }
}

/// A file without a name in a folder: it is gone when it is closed.
pub fn temporary(folder: &Path) -> std::io::Result<std::fs::File> {
    tempfile::tempfile_in(folder)
}

/// Days since the last day of 1899, which is how a sheet counts.
fn excel_days(at_ms: i64) -> f64 {
    const DAYS_TO_1970: f64 = 25_569.0;
    const MS_OF_A_DAY: f64 = 86_400_000.0;
    #[expect(clippy::cast_precision_loss, reason = "milliseconds of this era stand exactly in 53 bits")]
    let days = at_ms as f64 / MS_OF_A_DAY;
    days + DAYS_TO_1970
}

fn other(error: XlsxError) -> std::io::Error {
    std::io::Error::other(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Cursor, Read};

    #[test]
    fn a_formula_is_text() {
        let spool = tempfile::tempdir().expect("a folder");
        let mut table = XlsxWriter::new(spool.path(), "Results", &["Name", "Cost", "At"]).expect("begun");
        table.row(&["=1+1".into(), Cell::Number(1.5), Cell::Moment(0)]).expect("a row");
        let mut bytes = Cursor::new(Vec::new());
        table.finish(&mut bytes).expect("written");

        let mut book = zip::ZipArchive::new(bytes).expect("a zip file");
        let mut sheet = String::new();
        book.by_name("xl/worksheets/sheet1.xml").expect("a sheet").read_to_string(&mut sheet).expect("text");
        assert!(sheet.contains("=1+1") && !sheet.contains("<f>"), "{sheet}");
        assert!(sheet.contains("25569"), "{sheet}");
    }
}
