//! Rows of a table, one after the other, in bounded memory: a line that is too long is an error of that line, and the next
//! one is read all the same.

use crate::domain::wording::Wording;
use crate::tabular::guess::said_separator;
use crate::tabular::layout::Layout;
use csv_core::ReadRecordResult;
use encoding_rs_io::{DecodeReaderBytes, DecodeReaderBytesBuilder};
use std::io::{BufRead, BufReader, Chain, Cursor, Read};

/// Most bytes (UTF-8) of one row.
pub const ROW_BYTES_MAX: usize = 128 * 1024;
/// Most cells of one row.
pub const CELLS_MAX: usize = 1024;

/// One row of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The line it begins on, from 1.
    pub line: u64,
    /// Its cells.
    pub cells: Vec<String>,
}

/// What is wrong with a row, or with the file behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowFault {
    /// The line it begins on, from 1.
    pub line: u64,
    /// What is wrong and what to do.
    pub what: Wording,
    /// Whether nothing can be read behind it.
    pub is_last: bool,
}

/// The start that was looked at, then the rest.
type Text<R> = Chain<Cursor<Vec<u8>>, DecodeReaderBytes<R, Vec<u8>>>;

/// Reads a table row by row; empty lines are passed over, and so is the row that names the columns: see [`Rows::header`].
pub struct Rows<R> {
    text: BufReader<Text<R>>,
    cut: csv_core::Reader,
    line: u64,
    header: Option<Vec<String>>,
    bytes: Vec<u8>,
    ends: Vec<usize>,
    is_over: bool,
}

/// Begins to read a table. An encoding that nobody knows is refused.
pub fn rows<R: Read>(source: R, layout: &Layout) -> Result<Rows<R>, RowFault> {
    let encoding = encoding_rs::Encoding::for_label(layout.encoding.as_bytes()).ok_or_else(|| RowFault {
        line: 1,
        what: (
            format!("there is no encoding {:?}", layout.encoding),
            format!("eine Kodierung {:?} gibt es nicht", layout.encoding),
        )
            .into(),
        is_last: true,
    })?;
    let mut decoded = DecodeReaderBytesBuilder::new().encoding(Some(encoding)).bom_override(true).build(source);
    let (start, line) = start_of(&mut decoded).map_err(|error| unreadable(1, &error))?;
    let mut rows = Rows {
        text: BufReader::with_capacity(64 * 1024, Cursor::new(start).chain(decoded)),
        cut: csv_core::ReaderBuilder::new().delimiter(layout.separator.byte()).build(),
        line,
        header: None,
        bytes: vec![0; ROW_BYTES_MAX],
        ends: vec![0; CELLS_MAX],
        is_over: false,
    };
    if layout.header {
        rows.header = rows.next().transpose()?.map(|row| row.cells);
    }
    Ok(rows)
}

impl<R: Read> Rows<R> {
    /// The row that names the columns, where there is one.
    pub fn header(&self) -> Option<&[String]> {
        self.header.as_deref()
    }

    /// To the first byte of the next row; empty lines before it are counted.
    fn pass_over_line_ends(&mut self) -> std::io::Result<()> {
        loop {
            let input = self.text.fill_buf()?;
            let ends = input.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
            self.line += memchr::memchr_iter(b'\n', &input[..ends]).count() as u64;
            let is_all = ends == input.len() && ends > 0;
            self.text.consume(ends);
            if !is_all {
                return Ok(());
            }
        }
    }

    fn read(&mut self) -> Result<Option<Row>, RowFault> {
        let (mut filled, mut cells, mut fault) = (0, 0, None);
        self.pass_over_line_ends().map_err(|error| unreadable(self.line, &error))?;
        let begins = self.line;
        loop {
            let input = self.text.fill_buf().map_err(|error| unreadable(begins, &error))?;
            let (outcome, read, written, ended) =
                self.cut.read_record(input, &mut self.bytes[filled..], &mut self.ends[cells..]);
            self.line += memchr::memchr_iter(b'\n', &input[..read]).count() as u64;
            self.text.consume(read);
            filled += written;
            cells += ended;
            match outcome {
                ReadRecordResult::InputEmpty => {}
                // Too much for one row: the rest of it is read into the same place, and the row is told.
                ReadRecordResult::OutputFull => {
                    fault = fault.or(Some(too_long(begins)));
                    filled = 0;
                }
                ReadRecordResult::OutputEndsFull => {
                    fault = fault.or(Some(too_many_cells(begins)));
                    cells = 0;
                }
                ReadRecordResult::Record => {
                    return match fault {
                        Some(fault) => Err(fault),
                        None => self.row(begins, cells).map(Some),
                    };
                }
                ReadRecordResult::End => {
                    self.is_over = true;
                    return Ok(None);
                }
            }
        }
    }

    fn row(&self, line: u64, cells: usize) -> Result<Row, RowFault> {
        let mut start = 0;
        let mut read = Vec::with_capacity(cells);
        for end in &self.ends[..cells] {
            read.push(String::from_utf8_lossy(&self.bytes[start..*end]).into_owned());
            start = *end;
        }
        Ok(Row { line, cells: read })
    }
}

impl<R: Read> Iterator for Rows<R> {
    type Item = Result<Row, RowFault>;

    fn next(&mut self) -> Option<Result<Row, RowFault>> {
        while !self.is_over {
            match self.read() {
                Ok(Some(row)) if row.cells.iter().all(|cell| cell.trim().is_empty()) => {}
                Ok(Some(row)) => return Some(Ok(row)),
                Ok(None) => return None,
                Err(fault) => {
                    self.is_over = fault.is_last;
                    return Some(Err(fault));
                }
            }
        }
        None
    }
}

/// The first bytes of a text, and the line behind them: without the line in which Excel says what parts the cells.
fn start_of(text: &mut impl Read) -> std::io::Result<(Vec<u8>, u64)> {
    let mut start = Vec::new();
    text.take(8).read_to_end(&mut start)?;
    let line_end = start.iter().position(|byte| *byte == b'\n');
    let said = line_end.and_then(|end| said_separator(std::str::from_utf8(&start[..end]).ok()?).map(|_| end));
    Ok(match said {
        Some(end) => (start.split_off(end + 1), 2),
        None => (start, 1),
    })
}

fn too_long(line: u64) -> RowFault {
    let most = ROW_BYTES_MAX / 1024;
    RowFault {
        line,
        what: (
            format!("longer than {most} KB: perhaps a quotation mark is not closed"),
            format!("länger als {most} KB: vielleicht fehlt ein schließendes Anführungszeichen"),
        )
            .into(),
        is_last: false,
    }
}

fn too_many_cells(line: u64) -> RowFault {
    RowFault {
        line,
        what: (format!("more than {CELLS_MAX} cells"), format!("mehr als {CELLS_MAX} Zellen")).into(),
        is_last: false,
    }
}

fn unreadable(line: u64, error: &std::io::Error) -> RowFault {
    RowFault {
        line,
        what: (
            format!("the file cannot be read any further: {error}"),
            format!("die Datei ist von hier an nicht lesbar: {error}"),
        )
            .into(),
        is_last: true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tabular::guess::guess;
    use crate::tabular::layout::Separator;

    fn all(bytes: &[u8]) -> Vec<Result<(u64, Vec<String>), u64>> {
        let read = rows(bytes, &guess(bytes)).expect("readable");
        read.map(|row| row.map(|row| (row.line, row.cells)).map_err(|fault| fault.line)).collect()
    }

    fn row(line: u64, cells: &[&str]) -> Result<(u64, Vec<String>), u64> {
        Ok((line, cells.iter().map(|cell| (*cell).to_owned()).collect()))
    }

    #[test]
    fn rows_know_the_line_they_begin_on() {
        let text = "Name;Nummer\r\n\"Jörg \"\"Jo\"\"\nMüller\";0155\r\n\r\nAnna;0156\r\n";
        let (windows, _, _) = encoding_rs::WINDOWS_1252.encode(text);
        let wide: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();

        for bytes in [text.as_bytes(), &windows, &wide] {
            assert_eq!(all(bytes), [row(2, &["Jörg \"Jo\"\nMüller", "0155"]), row(5, &["Anna", "0156"])]);
        }
    }

    #[test]
    fn a_line_that_is_too_long_costs_only_itself() {
        let mut bytes = b"a,b\n1,2\n".to_vec();
        bytes.extend(std::iter::repeat_n(b'x', 5 * ROW_BYTES_MAX));
        bytes.extend(b",9\n3,4\n");
        bytes.extend(std::iter::repeat_n(b',', 3 * CELLS_MAX));
        bytes.extend(b"\n5,6\n");

        assert_eq!(all(&bytes), [row(2, &["1", "2"]), Err(3), row(4, &["3", "4"]), Err(5), row(6, &["5", "6"])]);
    }

    #[test]
    fn a_quotation_mark_that_is_never_closed_ends_in_a_fault_or_a_row_and_never_in_a_loop() {
        let mut bytes = b"a,b\n1,2\n\"3,4\n".to_vec();
        bytes.extend(b"5,6\n".repeat(100_000));

        assert_eq!(all(&bytes), [row(2, &["1", "2"]), Err(3)]);
    }

    #[test]
    fn the_separator_that_excel_names_is_no_row() {
        assert_eq!(all(b"sep=;\nName;Nummer\nAnna;1\n"), [row(3, &["Anna", "1"])]);
    }

    #[test]
    fn a_header_can_be_asked_for() {
        let read = rows(&b"Name,Nummer\nAnna,1\n"[..], &guess(b"Name,Nummer\nAnna,1\n")).expect("readable");

        assert_eq!(read.header(), Some(&["Name".to_owned(), "Nummer".to_owned()][..]));
    }

    #[test]
    fn an_unknown_encoding_is_refused() {
        let layout = Layout { encoding: "klingon".into(), separator: Separator::Comma, header: false };

        assert!(rows(&b"a"[..], &layout).is_err_and(|fault| fault.is_last));
    }

    #[test]
    fn what_is_no_text_is_read_without_harm() {
        let bytes: Vec<u8> = (0..100_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();

        assert!(all(&bytes).len() < 100_000);
    }
}
