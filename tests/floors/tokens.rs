//! Rust source cut into words and signs, each with its line: enough to see what a file imports.
//! Comments, strings and characters are left out; macro bodies stay in, for imports hide there too.

/// A word (`crate`, `rusqlite`), the path sign `::`, or a single sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token<'a> {
    pub text: &'a str,
    pub line: usize,
}

impl Token<'_> {
    pub fn is_word(&self) -> bool {
        self.text.starts_with(|c: char| c.is_alphabetic() || c == '_')
    }
}

pub fn tokens(source: &str) -> Vec<Token<'_>> {
    let mut cutter = Cutter { source, at: 0, line: 1, found: Vec::new() };
    while cutter.at < source.len() {
        cutter.step();
    }
    cutter.found
}

struct Cutter<'a> {
    source: &'a str,
    at: usize,
    line: usize,
    found: Vec<Token<'a>>,
}

impl<'a> Cutter<'a> {
    fn step(&mut self) {
        let rest = &self.source[self.at..];
        let first = rest.chars().next().expect("the loop ends at the end of the source");
        let skipped = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            block_comment(rest)
        } else if let Some(length) = raw_string(rest) {
            length
        } else if first == '"' {
            quoted(rest, '"')
        } else if rest.starts_with("b\"") || rest.starts_with("c\"") {
            1 + quoted(&rest[1..], '"')
        } else if first == '\'' && is_character(rest) {
            quoted(rest, '\'')
        } else if first.is_alphabetic() || first == '_' {
            return self.take(rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len()));
        } else if rest.starts_with("::") {
            return self.take(2);
        } else if first.is_whitespace() {
            first.len_utf8()
        } else {
            return self.take(first.len_utf8());
        };
        self.skip(skipped);
    }

    fn take(&mut self, length: usize) {
        self.found.push(Token { text: &self.source[self.at..self.at + length], line: self.line });
        self.at += length;
    }

    fn skip(&mut self, length: usize) {
        self.line += self.source[self.at..self.at + length].matches('\n').count();
        self.at += length;
    }
}

/// Rust's block comments nest.
fn block_comment(rest: &str) -> usize {
    let (mut at, mut depth) = (2, 1);
    while depth > 0 && at < rest.len() {
        let here = &rest.as_bytes()[at..];
        if here.starts_with(b"/*") {
            (at, depth) = (at + 2, depth + 1);
        } else if here.starts_with(b"*/") {
            (at, depth) = (at + 2, depth - 1);
        } else {
            at += 1;
        }
    }
    at
}

/// `r"…"`, `br#"…"#` and their like: the length of one that begins here.
fn raw_string(rest: &str) -> Option<usize> {
    let marked = ["r", "br", "cr"].into_iter().find_map(|mark| {
        let after = rest.strip_prefix(mark)?;
        let hashes = after.len() - after.trim_start_matches('#').len();
        after[hashes..].starts_with('"').then_some((mark.len(), hashes))
    });
    let (mark, hashes) = marked?;
    let open = mark + hashes + 1;
    let close = format!("\"{}", "#".repeat(hashes));
    Some(rest[open..].find(&close).map_or(rest.len(), |end| open + end + close.len()))
}

fn quoted(rest: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if c == quote => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

/// `'a'` and `'\n'` are characters, `'a` is a lifetime.
fn is_character(rest: &str) -> bool {
    let mut after = rest.chars().skip(1);
    match after.next() {
        Some('\\') => true,
        Some(_) => after.next() == Some('\''),
        None => false,
    }
}
