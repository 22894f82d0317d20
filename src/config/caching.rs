//! What the cache of a resolver is used for beside telling what it holds.

use std::time::Duration;

use crate::recursor::Limits;

use super::document::Table;
use super::values;

/// How long past its end an answer may be told at most, in seconds: a day, the least of what RFC 8767
/// section 5 suggests.
const MAX_STALE: u64 = 86_400;

/// Keys of `[resolver]` that are about its cache.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caching {
    /// How long past its end an answer may be told where no other can be had.
    pub serve_stale: Option<Duration>,
    /// Whether popular answers are looked for anew before their end.
    pub prefetch: bool,
}

impl Caching {
    pub(super) fn read(table: &Table<'_>) -> Self {
        let stale = table.value("serve_stale").map(|value| value.number(0, MAX_STALE).unwrap_or(0));
        let serve_stale = match stale {
            None => Limits::default().stale,
            Some(0) => None,
            Some(seconds) => Some(Duration::from_secs(seconds)),
        };
        let prefetch = values::switch(table, "prefetch", true);
        Self { serve_stale, prefetch }
    }

    /// `limits`, and as this says.
    pub fn limits(&self, limits: Limits) -> Limits {
        let prefetches = if self.prefetch { limits.prefetches } else { 0 };
        Limits { stale: self.serve_stale, prefetches, ..limits }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::Config;

    fn read(settings: &str) -> Result<Caching, String> {
        let text = include_str!("../../config/resolver.toml").replacen(
            "[resolver]",
            &format!("[resolver]\n{settings}"),
            1,
        );
        let config = Config::parse(&text, Path::new("a.toml")).map_err(|error| error.to_string());
        Ok(config?.resolver.unwrap().caching)
    }

    #[test]
    fn prefetching_is_switched_off() {
        let prefetches = |settings| read(settings).unwrap().limits(Limits::default()).prefetches;
        assert_eq!(prefetches(""), Limits::default().prefetches);
        assert_eq!(prefetches("prefetch = false"), 0);
    }

    #[test]
    fn nothing_stale_is_told_unless_it_is_said_how_long() {
        let stale = |settings| read(settings).unwrap().limits(Limits::default()).stale;
        assert_eq!(stale(""), None);
        assert_eq!(stale("serve_stale = 0"), None);
        assert_eq!(stale("serve_stale = 3600"), Some(Duration::from_secs(3600)));
        let told = read("serve_stale = 86401").unwrap_err();
        assert!(told.ends_with(": `serve_stale` is a number from 0 to 86400"), "{told}");
    }
}
