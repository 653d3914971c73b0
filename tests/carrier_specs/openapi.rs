//! Holds a request against a vendor's OpenAPI 3 document: path, parameters, credentials, form body.
//! As much of the standard as the trimmed documents use; what it does not know, it refuses.

use bytes::Bytes;
use http::Request;
use serde_json::{Map, Value};

/// A vendor's document.
pub struct Document(Value);

/// What a document says about a request.
#[derive(Debug, PartialEq)]
pub enum Verdict {
    /// It fits.
    Fits,
    /// The document has no such path: it is trimmed.
    NotThere,
    /// It does not fit, and why.
    Wrong(String),
}

impl Document {
    pub fn read(text: &str) -> Document {
        Document(serde_json::from_str(text).expect("the document is JSON"))
    }

    pub fn read_yaml(text: &str) -> Document {
        Document(serde_yaml_ng::from_str(text).expect("the document is YAML"))
    }

    pub fn check(&self, request: &Request<Bytes>) -> Verdict {
        let uri = request.uri().to_string();
        let server = self.0["servers"][0]["url"].as_str().expect("a server");
        let Some(rest) = uri.strip_prefix(server) else {
            return Verdict::Wrong(format!("{uri} is not below {server}"));
        };
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        let paths = self.0["paths"].as_object().expect("paths");
        let found = paths.iter().find_map(|(template, item)| Some((matched(template, path)?, item)));
        let Some((places, item)) = found else { return Verdict::NotThere };
        match self.check_operation(request, item, &places, query) {
            Ok(()) => Verdict::Fits,
            Err(why) => Verdict::Wrong(format!("{} {path}: {why}", request.method())),
        }
    }

    fn check_operation(
        &self,
        request: &Request<Bytes>,
        item: &Value,
        places: &Map<String, Value>,
        query: &str,
    ) -> Result<(), String> {
        let operation = &item[request.method().as_str().to_ascii_lowercase()];
        if !operation.is_object() {
            return Err("no such method".into());
        }
        self.check_credentials(request, operation)?;
        self.check_parameters("path", operation, places)?;
        self.check_parameters("query", operation, &pairs(query.as_bytes()))?;
        let content = &self.resolve(&operation["requestBody"])["content"];
        if !content.is_object() {
            return if request.body().is_empty() { Ok(()) } else { Err("a body where none belongs".into()) };
        }
        let kind = request.headers().get("content-type").and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default().trim();
        match kind {
            "application/x-www-form-urlencoded" if content[kind].is_object() => {
                self.check_schema("body", &content[kind]["schema"], &Value::Object(pairs(request.body())))
            }
            "application/json" if content[kind].is_object() => {
                let body = serde_json::from_slice(request.body()).map_err(|error| error.to_string())?;
                self.check_schema("body", &content[kind]["schema"], &body)
            }
            // A file as it is.
            _ if content[kind]["schema"]["format"] == "binary" => Ok(()),
            _ => Err(format!("content type {kind:?} is not taken")),
        }
    }

    fn check_credentials(&self, request: &Request<Bytes>, operation: &Value) -> Result<(), String> {
        let wanted = operation.get("security").or(self.0.get("security"));
        let Some(scheme) = wanted.and_then(|list| list[0].as_object()?.keys().next().cloned()) else { return Ok(()) };
        let scheme = &self.0["components"]["securitySchemes"][&scheme];
        let given = request.headers().get("authorization").and_then(|value| value.to_str().ok()).unwrap_or_default();
        match scheme["scheme"].as_str() {
            Some("basic") if !given.starts_with("Basic ") => Err("Basic credentials are missing".into()),
            Some("bearer") if !given.starts_with("Bearer ") => Err("a bearer token is missing".into()),
            _ => Ok(()),
        }
    }

    fn check_parameters(&self, place: &str, operation: &Value, given: &Map<String, Value>) -> Result<(), String> {
        let declared = operation["parameters"].as_array().map(Vec::as_slice).unwrap_or_default();
        let declared: Vec<&Value> =
            declared.iter().map(|one| self.resolve(one)).filter(|one| one["in"] == place).collect();
        for (name, value) in given {
            let parameter = declared.iter().find(|one| one["name"] == name.as_str());
            let parameter = parameter.ok_or_else(|| format!("{place} parameter {name} is not known"))?;
            self.check_schema(name, &parameter["schema"], value)?;
        }
        let missing = declared
            .iter()
            .find(|one| one["required"] == true && !given.contains_key(one["name"].as_str().unwrap_or("")));
        missing.map_or(Ok(()), |one| Err(format!("{place} parameter {} is missing", one["name"])))
    }

    fn check_schema(&self, what: &str, schema: &Value, value: &Value) -> Result<(), String> {
        let schema = self.resolve(schema);
        let wrong = |why: &str| Err(format!("{what}: {value} {why}"));
        match schema["type"].as_str() {
            Some("object") => return self.check_object(what, schema, value),
            Some("array") => {
                let one = std::slice::from_ref(value);
                let items = value.as_array().map_or(one, Vec::as_slice);
                return items.iter().try_for_each(|item| self.check_schema(what, &schema["items"], item));
            }
            _ => {}
        }
        // In a form or a query everything is a text: it must read as the type.
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let number = text.parse::<f64>().ok();
        match schema["type"].as_str() {
            Some("integer") if text.parse::<i64>().is_err() => return wrong("is no integer"),
            Some("number") if number.is_none() => return wrong("is no number"),
            Some("boolean") if text != "true" && text != "false" => return wrong("is neither true nor false"),
            _ => {}
        }
        let length = text.chars().count() as u64;
        if schema["minLength"].as_u64().is_some_and(|least| length < least) {
            return wrong("is too short");
        }
        if schema["maxLength"].as_u64().is_some_and(|most| length > most) {
            return wrong("is too long");
        }
        if schema["minimum"].as_f64().is_some_and(|least| number.is_some_and(|number| number < least)) {
            return wrong("is too small");
        }
        if schema["maximum"].as_f64().is_some_and(|most| number.is_some_and(|number| number > most)) {
            return wrong("is too large");
        }
        if schema["pattern"]
            .as_str()
            .is_some_and(|pattern| !regex::Regex::new(pattern).expect("a pattern").is_match(&text))
        {
            return wrong("does not fit the pattern");
        }
        if schema["enum"].as_array().is_some_and(|words| !words.iter().any(|word| word == text.as_str())) {
            return wrong("is none of the words");
        }
        if schema["format"] == "uri" && url::Url::parse(&text).is_err() {
            return wrong("is no address");
        }
        Ok(())
    }

    fn check_object(&self, what: &str, schema: &Value, value: &Value) -> Result<(), String> {
        let fields = value.as_object().ok_or_else(|| format!("{what} is no object"))?;
        for (name, value) in fields {
            let property = &schema["properties"][name];
            if property.is_null() {
                return Err(format!("{what}: {name} is not known"));
            }
            self.check_schema(name, property, value)?;
        }
        let required = schema["required"].as_array().map(Vec::as_slice).unwrap_or_default();
        let missing = required.iter().find(|name| !fields.contains_key(name.as_str().unwrap_or_default()));
        missing.map_or(Ok(()), |name| Err(format!("{what}: {name} is missing")))
    }

    fn resolve<'a>(&'a self, schema: &'a Value) -> &'a Value {
        match schema["$ref"].as_str().and_then(|reference| reference.strip_prefix('#')) {
            Some(pointer) => self.0.pointer(pointer).expect("a reference points at something"),
            None => schema,
        }
    }
}

/// The places of a template that matches a path, decoded.
fn matched(template: &str, path: &str) -> Option<Map<String, Value>> {
    let pattern = regex::Regex::new(r"\\\{(\w+)\\\}")
        .expect("a pattern")
        .replace_all(&regex::escape(template), "(?<$1>[^/]+?)")
        .into_owned();
    let pattern = regex::Regex::new(&format!("^{pattern}$")).expect("a pattern");
    let found = pattern.captures(path)?;
    let names = pattern.capture_names().flatten();
    Some(names.map(|name| (name.to_owned(), Value::from(&found[name]))).collect())
}

/// A form or query; a name that comes again becomes a list.
fn pairs(text: &[u8]) -> Map<String, Value> {
    let mut all: Map<String, Value> = Map::new();
    for (name, value) in form_urlencoded::parse(text) {
        match all.get_mut(name.as_ref()) {
            Some(Value::Array(list)) => list.push(value.into()),
            Some(first) => *first = Value::from(vec![first.take(), value.into()]),
            None => {
                all.insert(name.into_owned(), value.into());
            }
        }
    }
    all
}
