//! Cuts presentation text into entries and tokens (RFC 1035 section 5.1).

use super::token::{Fault, Position, SyntaxError, Token};

/// How many tokens an entry may have: more than the longest data takes as single hex digits.
const MAX_TOKENS: usize = 2 * 65_535 + 64;

/// One entry of a master file: a line, or several in parentheses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry<'a> {
    /// Whether it starts with white space: its owner is the last one.
    pub indented: bool,
    /// Its tokens, at least one.
    pub tokens: Vec<Token<'a>>,
    /// Where it starts: with its first token, or with a parenthesis before that.
    pub start: Position,
    /// Where it ends.
    pub end: Position,
}

/// Hands out the entries of a text. Empty lines and comments are left out. After an error it goes
/// on with the next entry.
#[derive(Debug, Clone)]
pub struct Lexer<'a> {
    text: &'a [u8],
    cursor: Cursor,
}

/// How far a lexer has come, to go on there later.
#[derive(Debug, Clone, Copy)]
pub struct Cursor {
    at: usize,
    line: u32,
    line_start: usize,
}

impl Default for Cursor {
    fn default() -> Self {
        Self { at: 0, line: 1, line_start: 0 }
    }
}

/// An entry being read.
struct Draft<'a> {
    indented: bool,
    tokens: Vec<Token<'a>>,
    /// How many parentheses are open.
    depth: usize,
    /// Where the first of them is.
    first: Option<(Position, Cursor)>,
    /// Where it starts.
    start: Option<Position>,
    error: Option<SyntaxError>,
}

impl<'a> Lexer<'a> {
    /// Starts at the first line of `text`.
    pub fn new(text: &'a [u8]) -> Self {
        Self::resume(text, Cursor::default())
    }

    /// Goes on where another lexer of the same text had come.
    pub const fn resume(text: &'a [u8], cursor: Cursor) -> Self {
        Self { text, cursor }
    }

    /// How far it has come.
    pub const fn cursor(&self) -> Cursor {
        self.cursor
    }

    /// Where the lexer is.
    pub fn here(&self) -> Position {
        let column = self.cursor.at - self.cursor.line_start + 1;
        Position { line: self.cursor.line, column: u32::try_from(column).unwrap_or(u32::MAX) }
    }

    fn peek(&self) -> Option<u8> {
        self.text.get(self.cursor.at).copied()
    }

    fn new_line(&mut self) {
        self.cursor.at += 1;
        self.cursor.line = self.cursor.line.saturating_add(1);
        self.cursor.line_start = self.cursor.at;
    }

    fn skip_until(&mut self, ends: impl Fn(u8) -> bool) {
        let rest = &self.text[self.cursor.at..];
        let length = rest.iter().position(|&octet| ends(octet)).unwrap_or(rest.len());
        self.cursor.at += length;
    }

    /// Reads on to the end of an entry or of the text.
    fn read(&mut self, draft: &mut Draft<'a>) {
        while let Some(octet) = self.peek() {
            match octet {
                b'\n' if draft.depth == 0 && !draft.is_empty() => return,
                b'\n' => {
                    self.new_line();
                    if draft.depth == 0 {
                        draft.indented = self.peek().is_some_and(is_blank);
                        draft.start = None;
                    }
                }
                octet if is_blank(octet) => self.cursor.at += 1,
                b';' => self.skip_until(|octet| octet == b'\n'),
                octet => {
                    draft.start.get_or_insert(self.here());
                    self.read_part(octet, draft);
                }
            }
        }
    }

    /// Reads a token or a parenthesis, which starts with `octet`.
    fn read_part(&mut self, octet: u8, draft: &mut Draft<'a>) {
        match octet {
            b'(' => self.open(draft),
            b')' => self.close(draft),
            b'"' => {
                let token = self.quoted();
                draft.push(token);
            }
            _ => {
                let token = self.word();
                draft.push(token);
            }
        }
    }

    fn open(&mut self, draft: &mut Draft<'a>) {
        if draft.depth == 0 {
            draft.first = Some((self.here(), self.cursor));
        }
        draft.depth += 1;
        self.cursor.at += 1;
    }

    fn close(&mut self, draft: &mut Draft<'a>) {
        match draft.depth.checked_sub(1) {
            Some(depth) => draft.depth = depth,
            None => draft.fail(Fault::StrayParenthesis.at(self.here())),
        }
        self.cursor.at += 1;
    }

    fn quoted(&mut self) -> Result<Token<'a>, SyntaxError> {
        let at = self.here();
        self.cursor.at += 1;
        let start = self.cursor.at;
        self.skip_quoted();
        let raw = &self.text[start..self.cursor.at];
        if self.peek() != Some(b'"') {
            return Err(Fault::OpenQuotes.at(at));
        }
        self.cursor.at += 1;
        Ok(Token { raw, quoted: true, at })
    }

    /// Goes to the closing quotes, or to the end of the line.
    fn skip_quoted(&mut self) {
        loop {
            self.skip_until(|octet| matches!(octet, b'"' | b'\n' | b'\\'));
            if self.peek() != Some(b'\\') {
                return;
            }
            self.skip_escape();
        }
    }

    fn skip_escape(&mut self) {
        self.cursor.at += 1;
        if self.peek().is_some_and(|octet| octet != b'\n') {
            self.cursor.at += 1;
        }
    }

    /// A word. Behind `=` it may go on with quotes (RFC 9460 section 2.1).
    fn word(&mut self) -> Result<Token<'a>, SyntaxError> {
        let (at, start) = (self.here(), self.cursor.at);
        while let Some(octet) = self.peek() {
            match octet {
                b'"' if self.text[self.cursor.at - 1] == b'=' => {
                    self.quoted()?;
                    break;
                }
                b'\n' | b'"' | b';' | b'(' | b')' => break,
                octet if is_blank(octet) => break,
                b'\\' => self.skip_escape(),
                _ => self.cursor.at += 1,
            }
        }
        Ok(Token { raw: &self.text[start..self.cursor.at], quoted: false, at })
    }
}

const fn is_blank(octet: u8) -> bool {
    matches!(octet, b' ' | b'\t' | b'\r')
}

impl<'a> Draft<'a> {
    fn is_empty(&self) -> bool {
        self.tokens.is_empty() && self.error.is_none()
    }

    fn push(&mut self, token: Result<Token<'a>, SyntaxError>) {
        match token {
            Ok(token) if self.tokens.len() == MAX_TOKENS => self.fail(Fault::TooLong.at(token.at)),
            Ok(token) => self.tokens.push(token),
            Err(error) => self.fail(error),
        }
    }

    /// Keeps the first error.
    fn fail(&mut self, error: SyntaxError) {
        self.error.get_or_insert(error);
    }
}

impl<'a> Iterator for Lexer<'a> {
    type Item = Result<Entry<'a>, SyntaxError>;

    fn next(&mut self) -> Option<Self::Item> {
        let indented =
            self.cursor.at == self.cursor.line_start && self.peek().is_some_and(is_blank);
        let mut draft =
            Draft { indented, tokens: Vec::new(), depth: 0, first: None, start: None, error: None };
        self.read(&mut draft);
        if let Some((at, cursor)) = draft.first.filter(|_| draft.depth > 0) {
            // The parenthesis swallowed the lines that follow, whose mistakes are to be told too.
            self.cursor = cursor;
            self.skip_until(|octet| octet == b'\n');
            return Some(Err(draft.error.unwrap_or(Fault::OpenParenthesis.at(at))));
        }
        if draft.is_empty() {
            return None;
        }
        let Draft { indented, tokens, start, error, .. } = draft;
        let end = self.here();
        let start = start.unwrap_or(end);
        Some(error.map_or(Ok(Entry { indented, tokens, start, end }), Err))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Entries as their words, `+` before indented ones, `"` before quoted words; errors as text.
    fn entries(text: &str) -> Vec<String> {
        let show = |token: &Token<'_>| {
            let quotes = if token.quoted { "\"" } else { "" };
            format!("{quotes}{}", String::from_utf8_lossy(token.raw))
        };
        Lexer::new(text.as_bytes())
            .map(|entry| match entry {
                Ok(entry) => {
                    let words: Vec<String> = entry.tokens.iter().map(show).collect();
                    format!("{}{}", if entry.indented { "+" } else { "" }, words.join(" "))
                }
                Err(error) => error.to_string(),
            })
            .collect()
    }

    #[test]
    fn cuts_lines_into_words() {
        let text =
            "; comment\n\n  \na  b;c\r\n\tc ( d ; e\n f) g\n\"x \\\" ;\"y\nk=\"1 2\" z\\ \\;";
        assert_eq!(entries(text), ["a b", "+c d f g", "\"x \\\" ; y", "k=\"1 2\" z\\ \\;"]);
    }

    #[test]
    fn goes_on_after_mistakes() {
        let text = "a )\nb \"c\nd (e\nf\n g";
        assert_eq!(
            entries(text),
            [
                "1:3: closing parenthesis without an opening one",
                "2:3: the quotes opened here are not closed in this line",
                "3:3: the parenthesis opened here is not closed",
                "f",
                "+g",
            ]
        );
        assert_eq!(entries("a ( \"b\nc )\nd").len(), 2);
    }

    #[test]
    fn positions_count_from_one() {
        let entry = Lexer::new(b"\n ab (\n  c )").next().unwrap().unwrap();
        let places: Vec<String> = entry.tokens.iter().map(|token| token.at.to_string()).collect();
        assert_eq!(places, ["2:2", "3:3"]);
        let span = |entry: &Entry<'_>| format!("{} {}", entry.start, entry.end);
        assert_eq!(span(&entry), "2:2 3:6");
        let entry = Lexer::new(b"; a\n ()\n (\nb ( c )\n)").next().unwrap().unwrap();
        assert_eq!(span(&entry), "3:2 5:2");
    }

    #[test]
    fn an_entry_has_an_end() {
        let text = format!("( {}\n) a\nb", "x ".repeat(MAX_TOKENS));
        assert_eq!(entries(&text).len(), 2);
    }

    proptest! {
        #[test]
        fn any_text_is_cut(text in "[ab\\\\\"();=\n \t]{0,60}") {
            let lines = u32::try_from(text.split('\n').count()).unwrap();
            for entry in Lexer::new(text.as_bytes()) {
                let at = entry.map_or_else(|error| error.at, |entry| entry.tokens[0].at);
                prop_assert!((1..=lines).contains(&at.line));
            }
        }
    }
}
