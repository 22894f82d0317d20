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

    /// How many modules down from the crate's root it is; `wire/name.rs` is 2 down.
    pub(crate) fn depth(&self) -> usize {
        let inner = self.path.strip_prefix("src").expect("sources lie below src");
        let is_folder = inner.ends_with("mod.rs") || inner.ends_with("lib.rs");
        inner.iter().count() - usize::from(is_folder)
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

/// The paths of every `use` in code, groups taken apart.
pub(crate) fn uses(code: &str) -> Vec<String> {
    let declarations = code.split("use ").skip(1).filter_map(|rest| rest.split(';').next());
    declarations.flat_map(paths).collect()
}

/// What a path with groups stands for.
fn paths(path: &str) -> Vec<String> {
    let Some((prefix, group)) = path.split_once('{') else { return vec![path.trim().to_owned()] };
    let prefix = prefix.trim();
    parts(group).iter().flat_map(|part| paths(&format!("{prefix}{part}"))).collect()
}

/// The parts of a group up to its end, between its own commas.
fn parts(group: &str) -> Vec<String> {
    let mut depth = 0;
    let mut parts = vec![String::new()];
    for character in group.chars() {
        match character {
            '}' if depth == 0 => break,
            ',' if depth == 0 => parts.push(String::new()),
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if depth > 0 || !matches!(character, ',' | ' ' | '\n') {
            parts.last_mut().expect("never empty").push(character);
        }
    }
    parts.retain(|part| !part.is_empty());
    parts
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
fn takes_groups_apart() {
    let code = "use a;\nuse b::{c, d::{self, E},\n f};\nlet x = b::g;";
    assert_eq!(uses(code), ["a", "b::c", "b::d::self", "b::d::E", "b::f"]);
}

#[test]
fn strips_comments_and_strings() {
    assert_eq!(strip(r#"let a = "crate::x \" //"; // crate::y"#), "let a = ; ");
    assert_eq!(strip("'\"' crate::z"), "' crate::z");
}
