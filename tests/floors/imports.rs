//! Who leans on whom: the arrows of one source file, from its `use` lines and its paths.

use super::tokens::{Token, tokens};

/// One source file: its module path (`sip/wire`) and its text.
pub struct File {
    pub path: String,
    pub module: Vec<String>,
    pub text: String,
}

/// One import or path: who leans on what, and where it says so.
#[derive(Debug)]
pub struct Arrow {
    pub from: Vec<String>,
    pub to: Vec<String>,
    pub at: String,
}

impl File {
    pub fn new(path: &str, text: &str) -> File {
        let inner = path.trim_start_matches("src/").trim_end_matches(".rs");
        let mut module: Vec<String> = inner.split('/').map(str::to_owned).collect();
        if matches!(module.last().map(String::as_str), Some("mod" | "lib")) {
            module.pop();
        }
        File { path: path.to_owned(), module, text: text.to_owned() }
    }

    /// The room this file belongs to; the crate's root belongs to none.
    pub fn room(&self) -> Option<&str> {
        self.module.first().map(String::as_str)
    }

    /// The modules this file declares for tests alone: `#[cfg(test)] mod conformance;`.
    pub fn test_modules(&self) -> Vec<Vec<String>> {
        let cut = tokens(&self.text);
        let words: Vec<&str> = cut.iter().map(|token| token.text).collect();
        let declared = words.windows(7).filter(|seen| seen[..6] == ["cfg", "(", "test", ")", "]", "mod"]);
        declared.map(|seen| self.module.iter().cloned().chain([seen[6].to_owned()]).collect()).collect()
    }

    pub fn arrows(&self) -> Vec<Arrow> {
        let cut = tokens(&self.text);
        let mut arrows = Vec::new();
        let mut inline: Vec<(String, usize)> = Vec::new();
        let mut depth = 0;
        for (at, token) in cut.iter().enumerate() {
            match token.text {
                "{" => {
                    depth += 1;
                    if at >= 2 && cut[at - 2].text == "mod" {
                        inline.push((cut[at - 1].text.to_owned(), depth));
                    }
                }
                "}" => {
                    inline.retain(|(_, opened)| *opened != depth);
                    depth = depth.saturating_sub(1);
                }
                "crate" | "super" | "depesche" if begins_path(&cut, at) => {
                    let here = self.module.iter().chain(inline.iter().map(|(name, _)| name)).cloned().collect();
                    for to in targets(&cut, at, here) {
                        arrows.push(Arrow {
                            from: self.module.clone(),
                            to,
                            at: format!("{}:{}", self.path, token.line),
                        });
                    }
                }
                _ => {}
            }
        }
        arrows
    }
}

/// A path begins where no path sign stands before; `crate` in `pub(crate)` begins none.
fn begins_path(cut: &[Token<'_>], at: usize) -> bool {
    let continued =
        at >= 1 && cut[at - 1].text == "::" && at >= 2 && cut[at - 2].text != "self" && cut[at - 2].is_word();
    !continued && cut.get(at + 1).is_some_and(|next| next.text == "::")
}

/// The module paths that the path at `at` names; a group names several.
fn targets(cut: &[Token<'_>], at: usize, here: Vec<String>) -> Vec<Vec<String>> {
    let mut base = if cut[at].text == "super" { here } else { Vec::new() };
    let mut at = at;
    while cut[at].text == "super" {
        base.pop();
        if cut.get(at + 1).is_none_or(|next| next.text != "::") {
            return vec![base];
        }
        at += 2;
    }
    if matches!(cut[at].text, "crate" | "depesche") {
        at += 2;
    }
    let mut found = Vec::new();
    tree(cut, &mut at, base, &mut found);
    found
}

/// Follows `a::b::{c, d::{e}}` from `at`, collecting every leaf.
fn tree(cut: &[Token<'_>], at: &mut usize, mut path: Vec<String>, found: &mut Vec<Vec<String>>) {
    while let Some(token) = cut.get(*at) {
        if token.text == "{" {
            return group(cut, at, &path, found);
        }
        if !token.is_word() {
            break;
        }
        path.push(token.text.to_owned());
        *at += 1;
        if cut.get(*at).is_none_or(|next| next.text != "::") {
            break;
        }
        *at += 1;
    }
    found.push(path);
}

fn group(cut: &[Token<'_>], at: &mut usize, path: &[String], found: &mut Vec<Vec<String>>) {
    *at += 1;
    while let Some(token) = cut.get(*at) {
        match token.text {
            "}" => {
                *at += 1;
                return;
            }
            word if word == "{" || token.is_word() && word != "as" => tree(cut, at, path.to_vec(), found),
            "as" => *at += 2,
            _ => *at += 1,
        }
    }
}
