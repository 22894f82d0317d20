//! How far something long is, on a terminal.

use std::fmt::Display;

use indicatif::{ProgressBar, ProgressStyle};

use super::output;

/// A bar on standard error while it is there; nothing where that is no terminal.
pub(super) struct Progress(ProgressBar);

impl Progress {
    /// Counts names, `total` of them where that is known.
    pub(super) fn names(total: Option<u64>) -> Self {
        match total {
            Some(_) => Self::new(total, "{wide_bar} {human_pos}/{human_len} names, {eta} left"),
            None => Self::new(total, "{spinner} {human_pos} names in {elapsed}"),
        }
    }

    /// Counts identifiers of so many.
    pub(super) fn identifiers(total: u64) -> Self {
        Self::new(Some(total), "{wide_bar} {human_pos}/{human_len} identifiers, {eta} left")
    }

    /// Counts octets, `total` of them where that is known.
    pub(super) fn octets(total: Option<u64>) -> Self {
        match total {
            Some(_) => Self::new(total, "{wide_bar} {bytes}/{total_bytes}, {eta} left"),
            None => Self::new(total, "{spinner} {bytes} in {elapsed}"),
        }
    }

    /// Shows nothing: results go to the same terminal.
    pub(super) fn hidden() -> Self {
        Self(ProgressBar::hidden())
    }

    fn new(total: Option<u64>, template: &str) -> Self {
        let bar = total.map_or_else(ProgressBar::no_length, ProgressBar::new);
        let style = ProgressStyle::with_template(template);
        Self(bar.with_style(style.expect("the templates are written here")))
    }

    /// Goes on by so many.
    pub(super) fn add(&self, count: u64) {
        self.0.inc(count);
    }

    /// Tells what is wrong in a file, above the bar.
    pub(super) fn tell(&self, line: impl Display) {
        self.0.suspend(|| output::tell(line));
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
