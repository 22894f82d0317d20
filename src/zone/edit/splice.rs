//! A text with parts replaced, and the difference as `diff -u` shows it.

use std::fmt::Write as _;
use std::ops::Range;

use crate::wire::rdata::Position;

/// How many lines that stay are shown around those that do not.
const CONTEXT: usize = 3;

/// Octets put in place of others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Splice {
    pub(super) at: Range<usize>,
    pub(super) text: Vec<u8>,
}

/// A text, and where its lines start.
pub(super) struct Lines<'a> {
    text: &'a [u8],
    /// Where each line starts; the text's length last.
    starts: Vec<usize>,
}

impl<'a> Lines<'a> {
    pub(super) fn new(text: &'a [u8]) -> Self {
        let ends = text.iter().enumerate().filter(|(_, octet)| **octet == b'\n');
        let mut starts: Vec<usize> = [0].into_iter().chain(ends.map(|(at, _)| at + 1)).collect();
        if starts.last() != Some(&text.len()) {
            starts.push(text.len());
        }
        Self { text, starts }
    }

    /// How long the text is.
    pub(super) fn length(&self) -> usize {
        self.text.len()
    }

    /// How many there are.
    fn count(&self) -> usize {
        self.starts.len() - 1
    }

    /// Where a position is, in octets.
    pub(super) fn offset(&self, position: Position) -> usize {
        self.start(index(position)) + (position.column as usize).saturating_sub(1)
    }

    /// The lines from that of one position to that of another, in octets.
    pub(super) fn whole(&self, first: Position, last: Position) -> Range<usize> {
        self.start(index(first))..self.start(index(last) + 1)
    }

    /// Whether a line starts at this octet, and is empty.
    pub(super) fn is_blank_at(&self, at: usize) -> bool {
        let line = self.text.get(at..).and_then(|rest| rest.split(|octet| *octet == b'\n').next());
        at < self.text.len() && line.is_some_and(|line| line.trim_ascii().is_empty())
    }

    /// What ends lines here.
    pub(super) fn end(&self) -> &'static str {
        let first = &self.text[..self.start(1)];
        if first.ends_with(b"\r\n") { "\r\n" } else { "\n" }
    }

    fn start(&self, line: usize) -> usize {
        self.starts.get(line).copied().unwrap_or(self.text.len())
    }

    /// Whether a line ends before this octet, or none has begun.
    pub(super) fn is_boundary(&self, at: usize) -> bool {
        at == 0 || self.text[at - 1] == b'\n'
    }

    /// Which line an octet is in; one past the last behind the last line end.
    fn line_of(&self, at: usize) -> usize {
        match at < self.text.len() {
            true => self.starts.partition_point(|start| *start <= at) - 1,
            false => self.count() - usize::from(!self.is_boundary(at)),
        }
    }

    /// The lines that a splice changes: none where it puts whole lines between others.
    fn touched(&self, splice: &Splice) -> Range<usize> {
        let Range { start, end } = splice.at;
        let whole = splice.text.is_empty() || splice.text.ends_with(b"\n");
        let last = self.line_of(end) + usize::from(!(whole && self.is_boundary(end)));
        self.line_of(start)..last
    }
}

/// A line's place in a list.
fn index(position: Position) -> usize {
    (position.line as usize).saturating_sub(1)
}

/// The text with all splices, which are in order and apart from each other.
pub(super) fn apply(text: &[u8], splices: &[Splice]) -> Vec<u8> {
    replaced(text, 0..text.len(), splices)
}

/// A part of the text with the splices in it.
fn replaced(text: &[u8], part: Range<usize>, splices: &[Splice]) -> Vec<u8> {
    let mut out = Vec::with_capacity(part.len());
    let mut at = part.start;
    for splice in splices {
        out.extend_from_slice(&text[at..splice.at.start]);
        out.extend_from_slice(&splice.text);
        at = splice.at.end;
    }
    out.extend_from_slice(&text[at..part.end]);
    out
}

/// Lines put in place of others.
struct Step {
    old: Range<usize>,
    new: Vec<u8>,
}

/// The difference that splices make to the file `name`, as `patch` takes it.
pub(super) fn diff(name: &str, text: &[u8], splices: &[Splice]) -> String {
    let lines = Lines::new(text);
    let steps = steps(&lines, splices);
    let mut out = format!("--- {name}\n+++ {name}\n");
    let mut rest = steps.as_slice();
    // How many lines further down the new text is.
    let mut shift = 0isize;
    while let Some(first) = rest.first() {
        let mut count = 1;
        while rest.get(count).is_some_and(|next| {
            next.old.start.saturating_sub(rest[count - 1].old.end) <= 2 * CONTEXT
        }) {
            count += 1;
        }
        let (hunk, others) = rest.split_at(count);
        let last = hunk.last().unwrap_or(first);
        let old =
            first.old.start.saturating_sub(CONTEXT)..(last.old.end + CONTEXT).min(lines.count());
        shift += write_hunk(&mut out, &lines, hunk, old, shift);
        rest = others;
    }
    out
}

/// The splices line by line.
fn steps(lines: &Lines<'_>, splices: &[Splice]) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut rest = splices;
    while let Some(first) = rest.first() {
        let mut old = lines.touched(first);
        let mut count = 1;
        while let Some(next) = rest.get(count).map(|next| lines.touched(next)) {
            if next.start > old.end || next.start == old.end && !next.is_empty() {
                break;
            }
            old.end = old.end.max(next.end);
            count += 1;
        }
        let (here, others) = rest.split_at(count);
        let part = lines.start(old.start)..lines.start(old.end);
        steps.push(Step { new: replaced(lines.text, part, here), old });
        rest = others;
    }
    steps
}

/// Writes one hunk; gives how many lines the text grows by it.
fn write_hunk(
    out: &mut String,
    lines: &Lines<'_>,
    steps: &[Step],
    old: Range<usize>,
    shift: isize,
) -> isize {
    let mut body = String::new();
    let mut grown = 0isize;
    let mut at = old.start;
    for step in steps {
        write_lines(&mut body, ' ', &lines.text[lines.start(at)..lines.start(step.old.start)]);
        let gone = &lines.text[lines.start(step.old.start)..lines.start(step.old.end)];
        grown -= write_lines(&mut body, '-', gone);
        grown += write_lines(&mut body, '+', &step.new);
        at = step.old.end;
    }
    write_lines(&mut body, ' ', &lines.text[lines.start(at)..lines.start(old.end)]);
    let (length, start) = (old.len(), old.start);
    let new = (start.saturating_add_signed(shift), length.saturating_add_signed(grown));
    let range = |(start, length): (usize, usize)| match length {
        0 => format!("{start},0"),
        length => format!("{},{length}", start + 1),
    };
    write!(out, "@@ -{} +{} @@\n{body}", range((start, length)), range(new))
        .expect("a string takes what is written");
    grown
}

/// Writes lines behind a mark; gives how many they are.
fn write_lines(out: &mut String, mark: char, text: &[u8]) -> isize {
    let mut count = 0;
    for line in text.split_inclusive(|octet| *octet == b'\n') {
        out.push(mark);
        out.push_str(&String::from_utf8_lossy(line));
        if !line.ends_with(b"\n") {
            out.push_str("\n\\ No newline at end of file\n");
        }
        count += 1;
    }
    count
}
