//! Text from others, on a terminal.

/// The text with what would act on a terminal, or turn text around, written out: user ids may have
/// any character.
pub(super) fn printable(text: &str) -> String {
    let acts = |c: char| {
        c.is_control()
            || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        if acts(character) {
            out.extend(character.escape_unicode());
        } else {
            out.push(character);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_ids_do_not_act_on_terminals() {
        assert_eq!(printable("@a\u{1b}[2J\u{202e}é:m"), "@a\\u{1b}[2J\\u{202e}é:m");
    }
}
