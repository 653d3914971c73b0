//! A text as words of consent are compared: whoever writes "»Stópp!«" in bold full-width letters means "stopp".

/// Longer texts are no word.
const TEXT_BYTES_MAX: usize = 240;

/// A text as words are compared: without case and accents, what surrounds it dropped, gaps made one space. `None`: there
/// is nothing left, or it is too long for a word.
pub fn folded(text: &str) -> Option<String> {
    if text.len() > TEXT_BYTES_MAX {
        return None;
    }
    let plain: String = text.chars().flat_map(|c| letter(c).chars().collect::<Vec<_>>()).collect();
    let words: Vec<&str> = plain
        .trim_matches(|c: char| !c.is_alphanumeric())
        .split(|c: char| c.is_whitespace() || matches!(c, '-' | '\u{2010}'..='\u{2015}' | '_'))
        .filter(|word| !word.is_empty())
        .collect();
    (!words.is_empty()).then(|| words.join(" "))
}

/// One character, folded: full-width, bold and circled letters are letters, accents are dropped, and all i's of Turkish
/// are one.
fn letter(c: char) -> String {
    let plain = match c as u32 {
        code @ 0xFF01..=0xFF5E => char::from_u32(code - 0xFEE0),
        code @ 0x1D400..=0x1D6A3 => ascii((code - 0x1D400) % 52),
        code @ 0x24B6..=0x24E9 => ascii((code - 0x24B6) % 52),
        0x3000 => Some(' '),
        _ => None,
    };
    let c = plain.unwrap_or(c);
    let folded = match c {
        // Combining accents, joiners, the mark of a byte order.
        '\u{300}'..='\u{36f}'
        | '\u{200b}'..='\u{200f}'
        | '\u{2060}'
        | '\u{feff}'
        | '\u{ad}'
        | '\u{fe00}'..='\u{fe0f}' => "",
        'İ' | 'ı' | 'Ì'..='Ï' | 'ì'..='ï' | 'ĩ' | 'Ī' | 'ī' => "i",
        'À'..='Å' | 'à'..='å' | 'Ą' | 'ą' | 'Ā' | 'ā' | 'Ă' | 'ă' => "a",
        'È'..='Ë' | 'è'..='ë' | 'Ę' | 'ę' | 'Ē' | 'ē' | 'Ě' | 'ě' => "e",
        'Ò'..='Ö' | 'ò'..='ö' | 'Ø' | 'ø' | 'Ő' | 'ő' | 'Ō' | 'ō' => "o",
        'Ù'..='Ü' | 'ù'..='ü' | 'Ű' | 'ű' | 'Ū' | 'ū' | 'Ů' | 'ů' => "u",
        'Ç' | 'ç' | 'Ć' | 'ć' | 'Č' | 'č' => "c",
        'Ğ' | 'ğ' => "g",
        'Ł' | 'ł' => "l",
        'Ñ' | 'ñ' | 'Ń' | 'ń' => "n",
        'Ş' | 'ş' | 'Ș' | 'ș' | 'Ś' | 'ś' | 'Š' | 'š' => "s",
        'Ź' | 'ź' | 'Ż' | 'ż' | 'Ž' | 'ž' => "z",
        'Ý' | 'ý' | 'ÿ' | 'Ÿ' => "y",
        'ß' | 'ẞ' => "ss",
        'Æ' | 'æ' => "ae",
        'Œ' | 'œ' => "oe",
        'ﬁ' => "fi",
        'ﬂ' => "fl",
        'ﬅ' | 'ﬆ' => "st",
        other => return other.to_lowercase().collect(),
    };
    folded.to_owned()
}

fn ascii(of: u32) -> Option<char> {
    char::from_u32(if of < 26 { u32::from(b'a') + of } else { u32::from(b'a') + of - 26 })
}
