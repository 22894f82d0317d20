//! The lines of a vCard, as they were before they were folded.

use super::Limits;

/// What folding made of one or several lines of a file.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Line {
    /// The number of its first line in the file, from 1.
    pub(super) number: u64,
    /// Its octets, without the ends of lines.
    pub(super) octets: Vec<u8>,
    /// Whether more octets belong to it than are kept.
    pub(super) is_cut: bool,
}

/// Unfolds what RFC 6350 section 3.2 folds, and the soft line breaks of quoted-printable text in
/// vCard 2.1. Octets are joined before anybody reads them as text, so that a character may be folded
/// in its middle.
pub(super) struct Lines<'a> {
    rest: &'a [u8],
    number: u64,
    most: usize,
}

impl<'a> Lines<'a> {
    pub(super) fn new(octets: &'a [u8], limits: &Limits) -> Self {
        Self { rest: octets, number: 0, most: limits.property }
    }

    /// The next line of the file, without its end.
    fn physical(&mut self) -> Option<&'a [u8]> {
        if self.rest.is_empty() {
            return None;
        }
        let end = self.rest.iter().position(|octet| *octet == b'\n');
        let (line, rest) = match end {
            Some(end) => (&self.rest[..end], &self.rest[end + 1..]),
            None => (self.rest, &[][..]),
        };
        self.rest = rest;
        self.number += 1;
        Some(line.strip_suffix(b"\r").unwrap_or(line))
    }

    /// Whether the line after one that ended in `=` goes on with it. Some programs write such a line
    /// last, and mean nothing by it.
    fn is_soft(&self) -> bool {
        let head = &self.rest[..self.rest.len().min(b"END:VCARD".len())];
        !self.rest.is_empty() && !head.eq_ignore_ascii_case(b"END:VCARD")
    }
}

impl Iterator for Lines<'_> {
    type Item = Line;

    fn next(&mut self) -> Option<Line> {
        let first = self.physical()?;
        let mut line = Line { number: self.number, octets: Vec::new(), is_cut: false };
        line.append(first, self.most);
        let is_quoted = is_quoted_printable(&line.octets);
        let mut last = first;
        loop {
            let more = if is_quoted && last.ends_with(b"=") && self.is_soft() {
                if !line.is_cut {
                    line.octets.pop();
                }
                self.physical()
            } else if self.rest.starts_with(b" ") || self.rest.starts_with(b"\t") {
                self.physical().map(|more| &more[1..])
            } else {
                None
            };
            let Some(more) = more else { return Some(line) };
            line.append(more, self.most);
            last = more;
        }
    }
}

impl Line {
    fn append(&mut self, octets: &[u8], most: usize) {
        let room = most.saturating_sub(self.octets.len());
        self.is_cut |= octets.len() > room;
        self.octets.extend_from_slice(&octets[..octets.len().min(room)]);
    }

    /// The name of the property, without its group.
    pub(super) fn name(&self) -> &[u8] {
        let end = self.octets.iter().position(|octet| matches!(octet, b':' | b';'));
        let name = &self.octets[..end.unwrap_or(self.octets.len())];
        let group = name.iter().rposition(|octet| *octet == b'.');
        name[group.map_or(0, |dot| dot + 1)..].trim_ascii()
    }
}

/// The number of the line that the octet at `at` stands in, from 1.
pub(super) fn number_at(octets: &[u8], at: usize) -> u64 {
    1 + octets[..at].iter().filter(|octet| **octet == b'\n').count() as u64
}

/// Whether the parameters of a property say so (vCard 2.1).
fn is_quoted_printable(line: &[u8]) -> bool {
    let head = line.split(|octet| *octet == b':').next().unwrap_or_default();
    head.windows(QUOTED.len()).any(|window| window.eq_ignore_ascii_case(QUOTED))
}

const QUOTED: &[u8] = b"QUOTED-PRINTABLE";

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn lines(text: &[u8]) -> Vec<(u64, String)> {
        let text_of =
            |line: Line| (line.number, String::from_utf8_lossy(&line.octets).into_owned());
        Lines::new(text, &Limits::default()).map(text_of).collect()
    }

    #[test]
    fn folded_lines_become_one() {
        let text = b"A:one\r\n  two\r\n\tthree\nB:four\r\n\r\nC:\xc3\n \xa9";
        let expected = [(1, "A:one twothree"), (4, "B:four"), (5, ""), (6, "C:\u{e9}")];
        assert_eq!(lines(text), expected.map(|(number, line)| (number, line.to_owned())));
    }

    #[test]
    fn soft_breaks_are_no_breaks_where_text_is_quoted_printable() {
        let text = b"N;ENCODING=quoted-printable:a=\r\nb=\r\nEND:VCARD\r\nN:a=\r\nb\r\n";
        let expected =
            [(1, "N;ENCODING=quoted-printable:ab="), (3, "END:VCARD"), (4, "N:a="), (5, "b")];
        assert_eq!(lines(text), expected.map(|(number, line)| (number, line.to_owned())));
    }

    #[test]
    fn names_are_told_without_groups_and_parameters() {
        for (line, name) in [
            ("item1.TEL;TYPE=a.b:+1", "TEL"),
            ("EMAIL:a.b@c.d", "EMAIL"),
            ("FN", "FN"),
            ("", ""),
            (".:", ""),
        ] {
            let line = Line { number: 1, octets: line.into(), is_cut: false };
            assert_eq!(line.name(), name.as_bytes());
        }
    }

    proptest! {
        #[test]
        fn what_is_kept_of_a_line_has_its_limit(
            text in proptest::collection::vec(
                proptest::sample::select(b"Q\r\n \t=:a".as_slice()), 0..200,
            ),
            most in 0_usize..20,
        ) {
            let limits = Limits { property: most, ..Limits::default() };
            let lines: Vec<Line> = Lines::new(&text, &limits).collect();
            prop_assert!(lines.iter().all(|line| line.octets.len() <= most));
            let numbers: Vec<u64> = lines.iter().map(|line| line.number).collect();
            prop_assert!(numbers.is_sorted_by(|a, b| a < b));
        }

        #[test]
        fn folding_is_undone(text in "[a-z ]{0,300}", width in 1_usize..80) {
            let text = format!("NOTE:{text}");
            let parts: Vec<&str> =
                text.as_bytes().chunks(width).map(|part| str::from_utf8(part).unwrap()).collect();
            prop_assert_eq!(lines(parts.join("\r\n ").as_bytes()), [(1, text)]);
        }
    }
}
