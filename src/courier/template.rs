//! Texts with places in them.

use thiserror::Error;

/// What is put into places, and what is done to it there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Escape {
    /// Nothing but to take out control characters: a text, or a header field, which cannot be broken by
    /// them.
    Plain,
    /// As text in HTML, or in the value of an attribute.
    Html,
    /// As a part of a URL, or of a form.
    Url,
    /// Inside the quotes of a JSON string.
    Json,
}

impl Escape {
    /// Writes `value` as it is safe at this place.
    fn write(self, value: &str, out: &mut String) {
        match self {
            Self::Plain => out.extend(value.chars().filter(|c| !c.is_control())),
            Self::Html => value.chars().for_each(|c| push_html(c, out)),
            Self::Url => value.bytes().for_each(|octet| push_url(octet, out)),
            Self::Json => {
                let quoted = serde_json::Value::from(value).to_string();
                out.push_str(&quoted[1..quoted.len() - 1]);
            }
        }
    }
}

fn push_html(c: char, out: &mut String) {
    match c {
        '&' => out.push_str("&amp;"),
        '<' => out.push_str("&lt;"),
        '>' => out.push_str("&gt;"),
        '"' => out.push_str("&quot;"),
        '\'' => out.push_str("&#39;"),
        c if c.is_control() => {}
        c => out.push(c),
    }
}

/// Percent-encoded unless unreserved (RFC 3986 section 2.3).
fn push_url(octet: u8, out: &mut String) {
    if octet.is_ascii_alphanumeric() || b"-._~".contains(&octet) {
        return out.push(char::from(octet));
    }
    out.push_str(&format!("%{octet:02X}"));
}

/// A text with places `{name}`; `{{` and `}}` are braces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Place(String),
}

/// Why a text is no template.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum TemplateError {
    /// There is no such place.
    #[error("line {line}: {{{name}}} is not known here, expected one of {known}")]
    Unknown {
        /// Where it stands.
        line: usize,
        /// What it calls.
        name: String,
        /// What could stand there.
        known: String,
    },
    /// A brace stands alone.
    #[error("line {line}: a single `{brace}`; a brace in the text is written twice")]
    Brace {
        /// Where it stands.
        line: usize,
        /// Which.
        brace: char,
    },
    /// What everyone who gets it needs is not in it.
    #[error("the text has no {{{0}}}")]
    Missing(&'static str),
}

impl Template {
    /// Reads a text in which the places `known` may stand.
    ///
    /// # Errors
    /// Where another place stands in it, or a brace alone.
    pub fn parse(text: &str, known: &[&str]) -> Result<Self, TemplateError> {
        let (mut parts, mut plain) = (Vec::new(), String::new());
        let (mut rest, mut line) = (text, 1);
        while let Some(at) = rest.find(['{', '}']) {
            let (before, from) = rest.split_at(at);
            line += before.matches('\n').count();
            plain.push_str(before);
            rest = match from.get(..2) {
                Some(twice @ ("{{" | "}}")) => {
                    plain.push_str(&twice[1..]);
                    &from[2..]
                }
                _ => {
                    let (name, after) = place(from, line, known)?;
                    parts.push(Part::Text(std::mem::take(&mut plain)));
                    parts.push(Part::Place(name.to_owned()));
                    after
                }
            };
        }
        parts.push(Part::Text(plain + rest));
        Ok(Self { parts })
    }

    /// This template, in which `name` stands.
    ///
    /// # Errors
    /// [`TemplateError::Missing`] where it does not.
    pub fn with(self, name: &'static str) -> Result<Self, TemplateError> {
        let there = self.parts.iter().any(|part| matches!(part, Part::Place(one) if one == name));
        if there { Ok(self) } else { Err(TemplateError::Missing(name)) }
    }

    /// The text with its places filled, by name. A place of which nothing is known stays empty.
    pub fn fill(&self, values: &[(&str, &str)], escape: Escape) -> String {
        let mut out = String::new();
        for part in &self.parts {
            match part {
                Part::Text(text) => out.push_str(text),
                Part::Place(name) => {
                    let value = values.iter().find(|(one, _)| one == name);
                    escape.write(value.map_or("", |(_, value)| value), &mut out);
                }
            }
        }
        out
    }
}

/// The place at the beginning of `from`, and what follows it.
fn place<'t>(
    from: &'t str,
    line: usize,
    known: &[&str],
) -> Result<(&'t str, &'t str), TemplateError> {
    let inside = from.strip_prefix('{').ok_or(TemplateError::Brace { line, brace: '}' })?;
    let (name, after) = inside.split_once('}').ok_or(TemplateError::Brace { line, brace: '{' })?;
    if known.contains(&name) {
        return Ok((name, after));
    }
    let known = known.join(", ");
    Err(TemplateError::Unknown { line, name: name.chars().take(40).collect(), known })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn places_are_filled() {
        let template = Template::parse("Hi {name}, {{{token}}}.\n", &["name", "token"]).unwrap();
        let values = [("name", "A"), ("token", "123")];
        assert_eq!(template.fill(&values, Escape::Plain), "Hi A, {123}.\n");
        assert_eq!(template.fill(&[], Escape::Plain), "Hi , {}.\n");
        assert!(template.clone().with("token").is_ok());
        let none = Template::parse("x", &["token"]).unwrap();
        assert_eq!(none.with("token"), Err(TemplateError::Missing("token")));
    }

    #[test]
    fn mistakes_are_told_with_their_line() {
        let told = |text| Template::parse(text, &["token", "link"]).unwrap_err().to_string();
        assert_eq!(
            told("a\n{tokn}"),
            "line 2: {tokn} is not known here, expected one of token, link"
        );
        assert_eq!(told("\n\n}"), "line 3: a single `}`; a brace in the text is written twice");
        assert!(told("{token").contains("a single `{`"));
    }

    #[test]
    fn values_cannot_leave_their_place() {
        let template = Template::parse("[{x}]", &["x"]).unwrap();
        let fill = |value, escape| template.fill(&[("x", value)], escape);
        assert_eq!(fill("a\r\nBcc: b", Escape::Plain), "[aBcc: b]");
        assert_eq!(
            fill("<a href='x'>&\"", Escape::Html),
            "[&lt;a href=&#39;x&#39;&gt;&amp;&quot;]"
        );
        assert_eq!(fill("a&b=c d/é", Escape::Url), "[a%26b%3Dc%20d%2F%C3%A9]");
        assert_eq!(fill("a\"\\\n", Escape::Json), "[a\\\"\\\\\\n]");
        assert_eq!(fill("{x}", Escape::Plain), "[{x}]", "what is filled in is not read again");
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "[a{}\n]{0,40}", value in ".{0,20}") {
            if let Ok(template) = Template::parse(&text, &["a"]) {
                template.fill(&[("a", &value)], Escape::Html);
            }
        }

        #[test]
        fn json_stays_a_string(value in any::<String>()) {
            let template = Template::parse("\"{a}\"", &["a"]).unwrap();
            let filled = template.fill(&[("a", &value)], Escape::Json);
            prop_assert_eq!(serde_json::from_str::<String>(&filled).unwrap(), value);
        }
    }
}
