//! How a table is written: its encoding, what parts its cells, whether its first row names the columns.

use serde::{Deserialize, Serialize};

/// How a table is written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Layout {
    /// The encoding's name (WHATWG), as in `utf-8`, `windows-1252` or `utf-16le`.
    pub encoding: String,
    /// What stands between two cells.
    pub separator: Separator,
    /// Whether the first row names the columns.
    pub header: bool,
}

/// What stands between two cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Separator {
    /// `,`
    Comma,
    /// `;`, as spreadsheets of half of Europe write it.
    Semicolon,
    /// A tab.
    Tab,
    /// `|`
    Pipe,
}

impl Separator {
    /// Every one.
    pub const ALL: [Separator; 4] = [Separator::Comma, Separator::Semicolon, Separator::Tab, Separator::Pipe];

    /// As it stands in the file.
    pub fn byte(self) -> u8 {
        match self {
            Separator::Comma => b',',
            Separator::Semicolon => b';',
            Separator::Tab => b'\t',
            Separator::Pipe => b'|',
        }
    }
}
