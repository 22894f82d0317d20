//! The file as written: tables and values with their places, read key by key.
//!
//! A [`Table`] learns which keys are known from being asked for them; [`Table::finish`] reports the
//! others with the nearest known key. Reading never stops at a mistake: it goes into [`Mistakes`], and
//! the reader is given nothing, as if the key were not there.

use std::cell::RefCell;
use std::fmt::Display;
use std::ops::Range;
use std::str::FromStr;

use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

use super::mistake::{Located, Mistakes, Position};

/// How many syntax errors are told: one unclosed bracket makes everything after it look wrong.
const MAX_SYNTAX_ERRORS: usize = 8;

/// How alike a key must be to a known one to be taken for it misspelt, from 0 to 1.
const ALIKE: f64 = 0.7;

/// Parses `text`; syntax errors go to `mistakes`, the first of each line.
pub(super) fn parse<'t>(text: &'t str, mistakes: &Mistakes<'_>) -> Option<DeTable<'t>> {
    let (table, errors) = DeTable::parse_recoverable(text);
    let mut last = None;
    let mut told = 0;
    for error in &errors {
        let span = error.span().unwrap_or_default();
        let line = mistakes.position(&span).line;
        if last != Some(line) && told < MAX_SYNTAX_ERRORS {
            mistakes.add(&span, in_words(error.message()));
            told += 1;
        }
        last = Some(line);
    }
    errors.is_empty().then(|| table.into_inner())
}

/// What is told of a syntax error. A text without quotes may begin as another value does.
fn in_words(message: &str) -> &str {
    let bare = ["invalid float,", "invalid boolean,", "string values must be quoted,"];
    match bare.iter().any(|start| message.starts_with(start)) {
        true => "a value expected: text stands in quotes",
        false => message,
    }
}

/// One table of the file.
pub(super) struct Table<'d> {
    mistakes: &'d Mistakes<'d>,
    /// Its place: the header, or the braces.
    span: Range<usize>,
    /// How it is called in messages: `[authority]`.
    title: String,
    entries: &'d DeTable<'d>,
    known: RefCell<Vec<&'static str>>,
}

impl<'d> Table<'d> {
    /// The whole file.
    pub(super) fn top(entries: &'d DeTable<'d>, mistakes: &'d Mistakes<'d>) -> Self {
        Self { mistakes, span: 0..0, title: "the file".into(), entries, known: RefCell::default() }
    }

    fn entry(&self, key: &'static str) -> Option<(&'d Spanned<DeString<'d>>, Value<'d>)> {
        let mut known = self.known.borrow_mut();
        if !known.contains(&key) {
            known.push(key);
        }
        let (name, value) = self.entries.iter().find(|(name, _)| name.get_ref() == key)?;
        Some((name, Value { mistakes: self.mistakes, key, value }))
    }

    /// The value of `key`, where it is given.
    pub(super) fn value(&self, key: &'static str) -> Option<Value<'d>> {
        self.entry(key).map(|(_, value)| value)
    }

    /// The value of `key`; a mistake where it is not given.
    pub(super) fn required(&self, key: &'static str) -> Option<Value<'d>> {
        let value = self.value(key);
        if value.is_none() {
            self.mistake(format!("`{key}` is missing in {}", self.title));
        }
        value
    }

    /// The table `key`, where it is given.
    pub(super) fn table(&self, key: &'static str) -> Option<Table<'d>> {
        let (_, value) = self.entry(key)?;
        value.table(format!("[{}]", self.child(key)))
    }

    /// The tables of the array `key`; none where it is not given.
    pub(super) fn tables(&self, key: &'static str) -> Vec<Table<'d>> {
        let Some((_, value)) = self.entry(key) else { return Vec::new() };
        let title = format!("[[{}]]", self.child(key));
        let Some(items) = value.value.get_ref().as_array() else {
            value.mistake(format!("`{key}` is written as {title}, not as {}", value.kind()));
            return Vec::new();
        };
        items
            .iter()
            .filter_map(|item| Value { value: item, ..value }.table(title.clone()))
            .collect()
    }

    /// The tables of the array `key`; a mistake where there is none.
    pub(super) fn required_tables(&self, key: &'static str) -> Vec<Table<'d>> {
        let given = self.entry(key).map(|(_, value)| value.value.get_ref());
        if given.is_none_or(|given| given.as_array().is_some_and(|items| items.is_empty())) {
            self.mistake(format!("no [[{}]] is given, one is needed at least", self.child(key)));
        }
        self.tables(key)
    }

    /// How the table `key` in this one is called.
    fn child(&self, key: &str) -> String {
        match self.title.trim_matches(['[', ']']) {
            "the file" => key.to_owned(),
            parent => format!("{parent}.{key}"),
        }
    }

    /// Notes a mistake at the table's header.
    pub(super) fn mistake(&self, message: impl Into<String>) {
        self.mistakes.add(&self.span, message);
    }

    /// Notes a mistake at `position`.
    pub(super) fn mistake_at(&self, position: Position, message: impl Into<String>) {
        self.mistakes.add_at(position, message);
    }

    /// `value` with the place of the table's header: for defaults.
    pub(super) fn locate<T>(&self, value: T) -> Located<T> {
        Located { value, position: self.mistakes.position(&self.span) }
    }

    /// Reports the keys nobody asked for.
    pub(super) fn finish(self) {
        let known = self.known.borrow();
        for (name, _) in self.entries {
            let key = name.get_ref().as_ref();
            if !known.contains(&key) {
                let hint = suggestion(key, &known);
                self.mistakes.add(&name.span(), format!("unknown key `{key}`{hint}"));
            }
        }
    }
}

/// What may have been meant by `key`: the nearest of the known ones, or all of them.
fn suggestion(key: &str, known: &[&'static str]) -> String {
    let likeness = |candidate: &&str| strsim::jaro_winkler(key, candidate);
    let nearest = known.iter().max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
    match nearest {
        Some(nearest) if likeness(nearest) >= ALIKE => format!(", did you mean `{nearest}`?"),
        _ => format!(", known here: {}", quoted(known)),
    }
}

/// The words in backquotes, with commas between them.
fn quoted(words: &[&str]) -> String {
    words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}

/// One value of the file, and the key it is given for.
#[derive(Clone, Copy)]
pub(super) struct Value<'d> {
    mistakes: &'d Mistakes<'d>,
    key: &'static str,
    value: &'d Spanned<DeValue<'d>>,
}

impl<'d> Value<'d> {
    /// Notes a mistake at the value.
    pub(super) fn mistake(&self, message: impl Into<String>) {
        self.mistakes.add(&self.value.span(), message);
    }

    /// `value` with this one's place.
    pub(super) fn locate<T>(&self, value: T) -> Located<T> {
        Located { value, position: self.mistakes.position(&self.value.span()) }
    }

    fn kind(&self) -> &'static str {
        match self.value.get_ref() {
            DeValue::String(_) => "a string",
            DeValue::Integer(_) => "an integer",
            DeValue::Float(_) => "a float",
            DeValue::Boolean(_) => "a boolean",
            DeValue::Datetime(_) => "a date",
            DeValue::Array(_) => "a list",
            DeValue::Table(_) => "a table",
        }
    }

    fn unexpected<T>(&self, expected: &str) -> Option<T> {
        self.mistake(format!("`{}` is {expected}, not {}", self.key, self.kind()));
        None
    }

    fn table(self, title: String) -> Option<Table<'d>> {
        let Some(entries) = self.value.get_ref().as_table() else {
            return self.unexpected("a table");
        };
        let (mistakes, span) = (self.mistakes, self.value.span());
        Some(Table { mistakes, span, title, entries, known: RefCell::default() })
    }

    /// The string it is.
    pub(super) fn string(&self) -> Option<&'d str> {
        match self.value.get_ref() {
            DeValue::String(text) => Some(text.as_ref()),
            _ => self.unexpected("a string"),
        }
    }

    /// The items of the list it is.
    pub(super) fn list(&self) -> Vec<Value<'d>> {
        match self.value.get_ref() {
            DeValue::Array(items) => {
                items.iter().map(|item| Value { value: item, ..*self }).collect()
            }
            _ => self.unexpected("a list").unwrap_or_default(),
        }
    }

    /// The keys and strings of the table it is.
    pub(super) fn strings(&self) -> Vec<(String, String)> {
        let Some(entries) = self.value.get_ref().as_table() else {
            return self.unexpected("a table of strings").unwrap_or_default();
        };
        let read = |(key, value): (&Spanned<DeString<'d>>, &'d Spanned<DeValue<'d>>)| {
            let key = key.get_ref().as_ref();
            match value.get_ref() {
                DeValue::String(text) => return Some((key.to_owned(), text.as_ref().to_owned())),
                _ => {
                    let kind = Value { value, ..*self }.kind();
                    let message = format!("`{key}` is a string, not {kind}");
                    self.mistakes.add(&value.span(), message);
                }
            }
            None
        };
        entries.iter().filter_map(read).collect()
    }

    /// The boolean it is.
    pub(super) fn boolean(&self) -> Option<bool> {
        match self.value.get_ref() {
            DeValue::Boolean(value) => Some(*value),
            _ => self.unexpected("true or false"),
        }
    }

    /// The whole number it is, from `least` to `most`.
    pub(super) fn number(&self, least: u64, most: u64) -> Option<u64> {
        let DeValue::Integer(integer) = self.value.get_ref() else {
            return self.unexpected("an integer");
        };
        let digits = integer.as_str().replace('_', "");
        match u64::from_str_radix(&digits, integer.radix()) {
            Ok(number) if (least..=most).contains(&number) => Some(number),
            _ => {
                self.mistake(format!("`{}` is a number from {least} to {most}", self.key));
                None
            }
        }
    }

    /// The string it is, read as a `T`; `expected` says what that looks like.
    pub(super) fn parse<T: FromStr<Err: Display>>(&self, expected: &str) -> Option<T> {
        let text = self.string()?;
        self.accept(text.parse().map_err(|error| format!("{expected} expected: {error}")))
    }

    /// The one of `choices` that the string names.
    pub(super) fn choice<T: Copy>(&self, choices: &[(&str, T)]) -> Option<T> {
        let text = self.string()?;
        let chosen = choices.iter().find(|(name, _)| *name == text).map(|(_, choice)| *choice);
        if chosen.is_none() {
            let names: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
            self.mistake(format!("`{}` is one of {}", self.key, quoted(&names)));
        }
        chosen
    }

    /// The value in `result`; its errors are mistakes here.
    pub(super) fn accept_all<T, E: Display>(&self, result: Result<T, Vec<E>>) -> Option<T> {
        result.map_err(|errors| errors.iter().for_each(|e| self.mistake(e.to_string()))).ok()
    }

    /// The value in `result`; its error is a mistake here.
    pub(super) fn accept<T, E: Display>(&self, result: Result<T, E>) -> Option<T> {
        result.map_err(|error| self.mistake(error.to_string())).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mistakes_in(text: &str, read: impl Fn(&Table<'_>)) -> Vec<String> {
        let mistakes = Mistakes::new(text);
        if let Some(entries) = parse(text, &mistakes) {
            let top = Table::top(&entries, &mistakes);
            read(&top);
            top.finish();
        }
        mistakes.into_sorted().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn unknown_keys_are_told_with_what_was_meant() {
        let found = mistakes_in("lisen = 1\nzzz = 2\n", |top| {
            top.value("listen");
            top.value("allow");
        });
        assert_eq!(
            found,
            [
                "1:1: unknown key `lisen`, did you mean `listen`?",
                "2:1: unknown key `zzz`, known here: `listen`, `allow`",
            ]
        );
    }

    #[test]
    fn every_syntax_error_is_told_once_a_line() {
        let found = mistakes_in("a = \nb = [1\n", |_| ());
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found[0].starts_with("1:") && found[1].starts_with("2:"), "{found:?}");
        assert!(mistakes_in(&"a = [ =\n".repeat(50), |_| ()).len() <= MAX_SYNTAX_ERRORS);
    }

    #[test]
    fn text_without_quotes_is_told_as_that() {
        for bare in ["192.0.2.1", "foo", "keys", "192.0.2.0/24"] {
            let found = mistakes_in(&format!("a = {bare}\n"), |_| ());
            assert!(found[0].ends_with(": a value expected: text stands in quotes"), "{found:?}");
        }
    }

    #[test]
    fn wrong_kinds_and_ranges_are_told_at_the_value() {
        let text = "port = 70000\nname = 3\nlevel = \"loud\"\nitems = \"x\"\nflag = 1\n[list]\n";
        let found = mistakes_in(text, |top| {
            top.value("port").unwrap().number(1, 65535);
            top.value("name").unwrap().string();
            top.value("level").unwrap().choice(&[("info", 0), ("debug", 1)]);
            top.value("items").unwrap().list();
            top.value("flag").unwrap().boolean();
            top.tables("list");
            top.required("absent");
        });
        assert_eq!(
            found,
            [
                "1:1: `absent` is missing in the file",
                "1:8: `port` is a number from 1 to 65535",
                "2:8: `name` is a string, not an integer",
                "3:9: `level` is one of `info`, `debug`",
                "4:9: `items` is a list, not a string",
                "5:8: `flag` is true or false, not an integer",
                "6:1: `list` is written as [[list]], not as a table",
            ]
        );
    }
}
