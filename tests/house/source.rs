//! The project's Rust files, with comments and strings taken out.

use std::path::{Path, PathBuf};

/// A source file below `src`.
pub(crate) struct Source {
    /// Path from the project's top.
    pub(crate) path: PathBuf,
    /// What stands in it.
    pub(crate) text: String,
}

impl Source {
    /// The top-level module it belongs to; none for `lib.rs` and the binary.
    pub(crate) fn module(&self) -> Option<String> {
        let inner = self.path.strip_prefix("src").expect("sources lie below src");
        let first = inner.iter().next().expect("a file has a name").to_string_lossy();
        let name = first.trim_end_matches(".rs");
        (!matches!(name, "lib" | "bin" | "manual")).then(|| name.to_owned())
    }

    /// The lines that are code, numbered from 1, with comments and the insides of strings blanked.
    pub(crate) fn code(&self) -> Vec<(usize, String)> {
        self.text.lines().enumerate().map(|(at, line)| (at + 1, strip(line))).collect()
    }
}

/// Blanks what stands in double quotes and drops a `//` comment.
fn strip(line: &str) -> String {
    let mut code = String::new();
    let mut quoted = false;
    let mut characters = line.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\\' if quoted => {
                characters.next();
            }
            '\'' if !quoted && characters.peek() == Some(&'"') => {
                characters.next();
            }
            '"' => quoted = !quoted,
            '/' if !quoted && characters.peek() == Some(&'/') => break,
            _ if !quoted => code.push(character),
            _ => {}
        }
    }
    code
}

/// All files below `src`.
pub(crate) fn sources() -> Vec<Source> {
    let top = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    let mut folders = vec![top.join("src")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a source folder is readable") {
            let path = entry.expect("a folder's entry is readable").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                let text = std::fs::read_to_string(&path).expect("a source file is text");
                let path = path.strip_prefix(top).expect("found below the top").to_owned();
                found.push(Source { path, text });
            }
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    assert!(found.len() > 10, "the sources were not found");
    found
}

#[test]
fn strips_comments_and_strings() {
    assert_eq!(strip(r#"let a = "crate::x \" //"; // crate::y"#), "let a = ; ");
    assert_eq!(strip("'\"' crate::z"), "' crate::z");
}
