//! PDFs that tests are made of.

use crate::pictures::{jpeg, photo};
use flate2::Compression;
use flate2::write::ZlibEncoder;
use lopdf::content::{Content, Operation};
use lopdf::{Dictionary, Document, Object, ObjectId, SaveOptions, Stream, dictionary};
use std::io::Write;

/// A document under construction.
pub struct Draft {
    pub document: Document,
    pub catalog: ObjectId,
    pub pages: Vec<ObjectId>,
}

impl Draft {
    /// With so many pages of text.
    pub fn of_pages(count: usize) -> Draft {
        let mut document = Document::with_version("1.5");
        let tree = document.new_object_id();
        let font = document.add_object(dictionary! { "Type" => "Font", "Subtype" => "Type1", "BaseFont" => "Courier" });
        let resources = document.add_object(dictionary! { "Font" => dictionary! { "F1" => font } });
        let mut pages = Vec::new();
        for number in 0..count {
            let words = format!("Page {} of an offer that nobody can refuse", number + 1);
            let operations = vec![
                Operation::new("BT", vec![]),
                Operation::new("Tf", vec!["F1".into(), 24.into()]),
                Operation::new("Td", vec![50.into(), 700.into()]),
                Operation::new("Tj", vec![Object::string_literal(words)]),
                Operation::new("ET", vec![]),
            ];
            let content = Content { operations }.encode().expect("operations can be written");
            let content = document.add_object(Stream::new(dictionary! {}, content));
            pages.push(document.add_object(dictionary! {
                "Type" => "Page", "Parent" => tree, "Contents" => content, "Resources" => resources,
                "MediaBox" => vec![0.into(), 0.into(), 595.into(), 842.into()],
            }));
        }
        let kids: Vec<Object> = pages.iter().map(|&page| page.into()).collect();
        document.set_object(tree, dictionary! { "Type" => "Pages", "Kids" => kids, "Count" => count as i64 });
        let catalog = document.add_object(dictionary! { "Type" => "Catalog", "Pages" => tree });
        document.trailer.set("Root", catalog);
        Draft { document, catalog, pages }
    }

    pub fn catalog(&mut self) -> &mut Dictionary {
        self.document.get_dictionary_mut(self.catalog).expect("it was made")
    }

    pub fn page(&mut self, number: usize) -> &mut Dictionary {
        self.document.get_dictionary_mut(self.pages[number]).expect("it was made")
    }

    /// A picture over the whole of a page.
    pub fn picture(&mut self, page: usize, stream: Stream) {
        let picture = self.document.add_object(stream);
        let content = Stream::new(dictionary! {}, b"q 595 0 0 842 0 0 cm /P0 Do Q".to_vec());
        let content = self.document.add_object(content);
        let page = self.page(page);
        page.set("Contents", content);
        page.set("Resources", dictionary! { "XObject" => dictionary! { "P0" => picture } });
    }

    pub fn annotation(&mut self, annotation: Dictionary) {
        let annotation = self.document.add_object(annotation);
        self.page(0).set("Annots", vec![annotation.into()]);
    }

    pub fn write(&mut self) -> Vec<u8> {
        let mut written = Vec::new();
        self.document.save_to(&mut written).expect("memory can be written");
        written
    }

    /// With its objects packed, so that no name stands in the clear.
    pub fn write_packed(&mut self) -> Vec<u8> {
        let mut written = Vec::new();
        let options =
            SaveOptions::builder().use_object_streams(true).use_xref_streams(true).compression_level(9).build();
        self.document.save_with_options(&mut written, options).expect("memory can be written");
        written
    }
}

fn picture_dict(width: u32, height: u32, colours: Object) -> Dictionary {
    dictionary! {
        "Type" => "XObject", "Subtype" => "Image", "Width" => i64::from(width), "Height" => i64::from(height),
        "ColorSpace" => colours, "BitsPerComponent" => 8,
    }
}

/// A photo as JPEG.
pub fn scan(width: u32, height: u32, quality: u8) -> Stream {
    let mut dict = picture_dict(width, height, "DeviceRGB".into());
    dict.set("Filter", "DCTDecode");
    Stream::new(dict, jpeg(&photo(width, height), quality)).with_compression(false)
}

/// A photo whose pixels are only packed.
pub fn packed_scan(width: u32, height: u32, grey: bool) -> Stream {
    let pixels = photo(width, height);
    let (name, raw) = match grey {
        true => ("DeviceGray", image::DynamicImage::ImageRgb8(pixels).into_luma8().into_raw()),
        false => ("DeviceRGB", pixels.into_raw()),
    };
    let mut dict = picture_dict(width, height, name.into());
    dict.set("Filter", "FlateDecode");
    Stream::new(dict, packed(&raw)).with_compression(false)
}

/// Inks: left as they are.
pub fn scan_of_inks(width: u16, height: u16) -> Stream {
    let mut dict = picture_dict(u32::from(width), u32::from(height), "DeviceCMYK".into());
    dict.set("Filter", "DCTDecode");
    Stream::new(dict, crate::pictures::jpeg_of_inks(width, height)).with_compression(false)
}

pub fn packed(raw: &[u8]) -> Vec<u8> {
    let mut packed = ZlibEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(raw).expect("memory can be written");
    packed.finish().expect("memory can be written")
}

pub fn script() -> Dictionary {
    dictionary! { "S" => "JavaScript", "JS" => Object::string_literal("app.alert('here')") }
}

/// PDFs that act, each in another way, by name.
pub fn acting() -> Vec<(&'static str, Draft)> {
    let with = |change: &dyn Fn(&mut Draft)| {
        let mut draft = Draft::of_pages(2);
        change(&mut draft);
        draft
    };
    let click = |action: Dictionary| {
        dictionary! {
            "Type" => "Annot", "Subtype" => "Link", "Rect" => vec![0.into(), 0.into(), 9.into(), 9.into()], "A" => action
        }
    };
    let attachment = |draft: &mut Draft| {
        let file = draft.document.add_object(Stream::new(dictionary! { "Type" => "EmbeddedFile" }, b"MZ".to_vec()));
        draft.document.add_object(dictionary! {
            "Type" => "Filespec", "F" => Object::string_literal("a.exe"), "EF" => dictionary! { "F" => file }
        })
    };
    vec![
        ("a script at its opening", with(&|draft| draft.catalog().set("OpenAction", script()))),
        (
            "a script behind a reference",
            with(&|draft| {
                let action = draft.document.add_object(script());
                draft.catalog().set("OpenAction", action);
            }),
        ),
        ("a script on a page", with(&|draft| draft.page(1).set("AA", dictionary! { "O" => script() }))),
        (
            "a script by name",
            with(&|draft| {
                let names = vec![Object::string_literal("x"), script().into()];
                draft.catalog().set("Names", dictionary! { "JavaScript" => dictionary! { "Names" => names } });
            }),
        ),
        (
            "a program to launch",
            with(&|draft| {
                draft.annotation(click(dictionary! { "S" => "Launch", "F" => Object::string_literal("cmd.exe") }));
            }),
        ),
        (
            "a form that sends",
            with(&|draft| {
                draft.annotation(click(
                    dictionary! { "S" => "SubmitForm", "F" => Object::string_literal("http://example.com") },
                ));
            }),
        ),
        ("a form that reads", with(&|draft| draft.annotation(click(dictionary! { "S" => "ImportData" })))),
        (
            "a file inside",
            with(&|draft| {
                let file = attachment(draft);
                let names = vec![Object::string_literal("a.exe"), file.into()];
                draft.catalog().set("Names", dictionary! { "EmbeddedFiles" => dictionary! { "Names" => names } });
            }),
        ),
        (
            "a file pinned to a page",
            with(&|draft| {
                let file = attachment(draft);
                draft.annotation(dictionary! {
                    "Type" => "Annot", "Subtype" => "FileAttachment", "FS" => file,
                    "Rect" => vec![0.into(), 0.into(), 9.into(), 9.into()],
                });
            }),
        ),
        (
            "a film",
            with(&|draft| {
                draft.annotation(dictionary! {
                    "Type" => "Annot", "Subtype" => "RichMedia", "Rect" => vec![0.into(), 0.into(), 9.into(), 9.into()],
                });
            }),
        ),
        (
            "a form of the second kind",
            with(&|draft| {
                let form = draft.document.add_object(Stream::new(dictionary! {}, b"<xdp/>".to_vec()));
                draft.catalog().set("AcroForm", dictionary! { "XFA" => form });
            }),
        ),
        (
            "a script that nothing leads to",
            with(&|draft| {
                draft.document.add_object(script());
            }),
        ),
    ]
}
