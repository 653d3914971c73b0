//! Why a campaign cannot be sent as it is planned: which field, and what to do, in both languages.

use crate::domain::campaign_text::Text;
use crate::domain::media::MediaType;
use crate::domain::reason::ReasonCode;
use crate::domain::rich::HeaderValue;
use crate::domain::template::HeaderFormat;
use crate::domain::wording::Wording;
use crate::flow::campaign::content::FilledTemplate;
use crate::flow::error::FlowError;
use crate::store::campaign_files::CampaignFile;

/// Why a campaign cannot be sent as it is planned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blocker {
    /// Which field of the plan: `channel`, `sender`, `audience`, `content.text`, `files` …
    pub field: String,
    /// A stable code.
    pub code: &'static str,
    /// What is wrong and what to do.
    pub words: Wording,
}

impl Blocker {
    /// One with words of its own; they stand in a list of sentences, and begin like one.
    pub fn new(field: impl Into<String>, code: &'static str, words: impl Into<Wording>) -> Blocker {
        let Wording { english, german } = words.into();
        let words = Wording { english: begun_large(&english), german: begun_large(&german) };
        Blocker { field: field.into(), code, words }
    }

    /// One that is a reason of the house.
    pub fn of(field: impl Into<String>, code: ReasonCode) -> Blocker {
        Blocker::new(field, code.as_str(), (code.english(), code.german()))
    }
}

fn begun_large(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect()
}

/// What is wrong with a file.
pub(super) fn of_files(error: &FlowError) -> Option<Blocker> {
    match error {
        FlowError::File { reason, name } => {
            let whose = name.as_ref().map(|name| format!("{name}: ")).unwrap_or_default();
            let code = reason.code;
            let words = (format!("{whose}{}", code.english()), format!("{whose}{}", code.german()));
            // A file's name is as it is.
            Some(Blocker { field: "files".into(), code: code.as_str(), words: words.into() })
        }
        FlowError::Refused(code) => Some(Blocker::of("files", *code)),
        FlowError::Store(_) => None,
        other => Some(Blocker::new("files", "file_problem", other.to_string())),
    }
}

/// What is wrong with a template for everybody: its state, what it wants and was not given, its file.
pub(super) fn of_template(filled: &FilledTemplate, file: Option<&CampaignFile>) -> Vec<Blocker> {
    let mut found = Vec::new();
    if !filled.template.status.is_usable() {
        found.push(Blocker::of("content.template", ReasonCode::TemplateNotUsable));
        return found;
    }
    // What depends on the recipient is one letter here; what it becomes is looked at for each.
    let sample = |text: &Text| match text.is_fixed() {
        true => text.fill(&Default::default()).text,
        false if text.names().is_empty() => String::new(),
        false => "x".to_owned(),
    };
    // A place that varies is some place here.
    let mut filled = filled.clone();
    if filled.template.needs().header == Some(HeaderFormat::Location) {
        filled.header = filled.header.map(|text| if text.is_fixed() { text } else { Text::read("0, 0") });
    }
    match filled.fill(sample) {
        Err(FlowError::Invalid { problem, .. }) => {
            found.push(Blocker::new("content.template.header", "template_wrong", problem));
        }
        Err(_) => found.push(Blocker::of("content.template.header", ReasonCode::TemplateWrong)),
        Ok(used) => match filled.template.check(used) {
            Err(problem) => {
                let field = format!("content.template.{}", problem.field);
                found.push(Blocker::new(field, "template_wrong", problem.problem));
            }
            Ok(used) => found.extend(of_head(used.header.as_ref(), file)),
        },
    }
    found
}

/// The file in a template's head is there, and of the kind that the template was approved with.
fn of_head(header: Option<&HeaderValue>, file: Option<&CampaignFile>) -> Option<Blocker> {
    let Some(HeaderValue::Media { media_type: Some(wanted), .. }) = header else { return None };
    let wanted = MediaType::from_word(wanted).map(MediaType::family);
    let problem = match file {
        None => (
            "the template wants a file in its head: add it",
            "die Vorlage verlangt eine Datei im Kopf: bitte hinzufügen",
        ),
        Some(file) if Some(file.file.facts.media_type.family()) != wanted => (
            "the template wants another kind of file: a picture, a film or a PDF, as it was approved",
            "die Vorlage verlangt eine andere Art von Datei: ein Bild, einen Film oder ein PDF, wie sie genehmigt wurde",
        ),
        Some(_) => return None,
    };
    Some(Blocker::new("files", "template_wrong", problem))
}
