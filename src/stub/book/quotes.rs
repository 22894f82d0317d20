//! Whether the cells of a table end where they seem to.

use thiserror::Error;

use super::BookError;
use super::lines::number_at;

/// Why a table is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum TableFault {
    /// There is an octet of value 0: it is no text.
    #[error("a NUL octet: this is not a table in UTF-8")]
    Nul,
    /// A cell begins with a quote, and does not end with one.
    #[error("a quote that is not closed")]
    Unclosed,
    /// More follows in the cell behind the quote that ends it: the beginning of another cell, where
    /// a quote is missing, or the rest of this one.
    #[error("a quote that is closed within a cell: one inside of it is written twice")]
    ClosedEarly,
}

/// Where in a cell one is.
enum Place {
    Start,
    Plain,
    Quoted,
    /// Behind a quote: it ends the cell, or is the first of two that stand for one.
    Quote,
    /// Behind the quote that ends the cell, where some write space.
    End,
}

/// Tells whether a table can be read as it was meant: one quote too few, and what follows would be one
/// cell, up to the end or the next quote.
///
/// # Errors
/// [`BookError::Table`], with the line in which the quote is opened.
pub(super) fn check(octets: &[u8], delimiter: u8) -> Result<(), BookError> {
    let error = |at, fault| BookError::Table { line: number_at(octets, at), fault };
    if let Some(at) = octets.iter().position(|octet| *octet == 0) {
        return Err(error(at, TableFault::Nul));
    }
    let (mut place, mut opened) = (Place::Start, 0);
    for (at, octet) in octets.iter().enumerate() {
        let is_edge = *octet == delimiter || matches!(octet, b'\r' | b'\n');
        place = match place {
            Place::Quoted if *octet == b'"' => Place::Quote,
            Place::Quoted => Place::Quoted,
            Place::Quote if *octet == b'"' => Place::Quoted,
            _ if is_edge => Place::Start,
            Place::Start if *octet == b'"' => {
                opened = at;
                Place::Quoted
            }
            Place::Start | Place::Plain => Place::Plain,
            Place::Quote | Place::End if *octet == b' ' => Place::End,
            Place::Quote | Place::End => return Err(error(opened, TableFault::ClosedEarly)),
        };
    }
    match place {
        Place::Quoted => Err(error(opened, TableFault::Unclosed)),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn fault(text: &str) -> Option<(u64, TableFault)> {
        match check(text.as_bytes(), b',') {
            Err(BookError::Table { line, fault }) => Some((line, fault)),
            other => {
                other.unwrap();
                None
            }
        }
    }

    #[test]
    fn quotes_end_where_their_cells_do() {
        for text in [
            "",
            "\"a\",b\r\n\"c,\n\"\"d\"\" \"\n",
            "\"\",\"\"\"\"",
            "a\"b\"c, \"d\n",
            "\"a\"  ,b\n",
        ] {
            assert_eq!(fault(text), None, "{text}");
        }
        for (text, expected) in [
            ("n,p\n\"Gina,+447700900777\nBob,+447700900124\n", (2, TableFault::Unclosed)),
            ("a,b\n\n\"", (3, TableFault::Unclosed)),
            ("\"a\",\"b\"\n\"c,\"d\"\n\"e\",\"f\"\n", (2, TableFault::ClosedEarly)),
            ("n,p\n\"Gina,1\nBob,\"2\"\n", (2, TableFault::ClosedEarly)),
            ("\"a \"b\" c\",1\n", (1, TableFault::ClosedEarly)),
            ("a\n\"b\0", (2, TableFault::Nul)),
        ] {
            assert_eq!(fault(text), Some(expected), "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_programs_write_is_good(
            rows in proptest::collection::vec(proptest::array::uniform3("[a,\" \r\n]{0,6}"), 0..6),
        ) {
            let mut writer = csv::Writer::from_writer(Vec::new());
            for row in &rows {
                writer.write_record(row).unwrap();
            }
            let text = String::from_utf8(writer.into_inner().unwrap()).unwrap();
            prop_assert_eq!(fault(&text), None, "{}", text);
        }

        #[test]
        fn a_quote_too_few_is_seen(cells in proptest::collection::vec("[a-c]{1,4}", 2..12), which: usize) {
            let mut cells: Vec<String> = cells.iter().map(|cell| format!("\"{cell}\"")).collect();
            let which = which % cells.len();
            cells[which].pop();
            let (line, _) = fault(&cells.join("\n")).expect("told");
            prop_assert_eq!(line, which as u64 + 1);
        }
    }
}
