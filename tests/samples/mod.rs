//! Small files of each family, as people send them, and some that nobody should take.

#![allow(dead_code, reason = "each test binary uses another part of it")]

use std::io::Cursor;

/// A picture of these pixels, as JPEG: a gradient with some noise, so that it has something to lose.
pub fn jpeg(width: u32, height: u32) -> Vec<u8> {
    let picture = image::RgbImage::from_fn(width, height, |x, y| {
        image::Rgb([(x * 255 / width) as u8, (y * 255 / height) as u8, ((x * 7) ^ (y * 13)) as u8])
    });
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, image::ImageFormat::Jpeg).expect("a picture can be written");
    bytes.into_inner()
}

/// A PDF of one page that says nothing.
pub fn paper() -> Vec<u8> {
    paper_with("")
}

/// A PDF that runs a script when it is opened.
pub fn active_paper() -> Vec<u8> {
    paper_with("/OpenAction << /S /JavaScript /JS (app.alert\\(1\\)) >>")
}

fn paper_with(entry: &str) -> Vec<u8> {
    let objects = [
        format!("<< /Type /Catalog /Pages 2 0 R {entry} >>"),
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_owned(),
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 200] >>".to_owned(),
    ];
    let (mut paper, mut places) = (String::from("%PDF-1.4\n"), Vec::new());
    for (at, object) in objects.iter().enumerate() {
        places.push(paper.len());
        paper.push_str(&format!("{} 0 obj\n{object}\nendobj\n", at + 1));
    }
    let table = paper.len();
    paper.push_str("xref\n0 4\n0000000000 65535 f \n");
    places.iter().for_each(|place| paper.push_str(&format!("{place:010} 00000 n \n")));
    paper.push_str(&format!("trailer\n<< /Size 4 /Root 1 0 R >>\nstartxref\n{table}\n%%EOF\n"));
    paper.into_bytes()
}

/// A film without a picture in it.
pub fn film() -> Vec<u8> {
    b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom\0\0\0\x08moov".to_vec()
}

/// A sound of no length.
pub fn sound() -> Vec<u8> {
    let mut sound = b"RIFF\x24\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0\x40\x1f\0\0\x80\x3e\0\0\x02\0\x10\0data".to_vec();
    sound.extend([0; 4]);
    sound
}

/// A contact.
pub fn card() -> Vec<u8> {
    b"BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Carla\r\nEND:VCARD\r\n".to_vec()
}

/// Words in a file.
pub fn words() -> Vec<u8> {
    "Nur ein paar Wörter.\n".into()
}
