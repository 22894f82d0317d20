//! Files, directives, and going on after mistakes.

use std::sync::Arc;

use super::record::{Context, TTL, ttl};
use super::{Limits, Master, MasterError, Mistake, Place, Source, Wrong};
use crate::wire::rdata::{Cursor, Entry, Lexer, Position, Token, Tokens};
use crate::wire::{Name, Ttl};

/// Where a mistake is told that is about a whole file.
const START: Position = Position { line: 1, column: 1 };

/// Reads files, the included ones before the rest of those that include them.
pub(super) struct Reader<'a> {
    source: &'a dyn Source,
    limits: &'a Limits,
    /// How many octets may still be read.
    room: usize,
    /// The open files, each included by the one before.
    files: Vec<File>,
    master: Master,
    /// Who is shown each entry.
    watch: Option<&'a mut dyn FnMut(Seen<'_>)>,
}

/// An entry without mistakes, as it stands in its file.
pub(in crate::zone) struct Seen<'a> {
    /// The file.
    pub(in crate::zone) file: &'a Arc<str>,
    /// Its words.
    pub(in crate::zone) entry: &'a Entry<'a>,
    /// What it is of [`Master::records`]; none where it is a directive.
    pub(in crate::zone) record: Option<usize>,
    /// What relative names behind it are continued with.
    pub(in crate::zone) origin: Option<&'a Name>,
    /// The TTL of `$TTL` that records behind it have.
    pub(in crate::zone) default_ttl: Option<Ttl>,
}

/// An open file.
struct File {
    name: Arc<str>,
    octets: Arc<[u8]>,
    cursor: Cursor,
    /// What entries take from those before. An included file starts with a copy, and nothing of it
    /// comes back.
    context: Context,
}

impl<'a> Reader<'a> {
    pub(super) fn new(file: &str, source: &'a dyn Source, limits: &'a Limits) -> Self {
        Self {
            source,
            limits,
            room: limits.octets,
            files: Vec::new(),
            master: Master {
                file: file.into(),
                records: Vec::new(),
                mistakes: Vec::new(),
                more: false,
            },
            watch: None,
        }
    }

    /// Shows `watch` each entry.
    pub(super) fn watched(mut self, watch: &'a mut dyn FnMut(Seen<'_>)) -> Self {
        self.watch = Some(watch);
        self
    }

    pub(super) fn read(mut self, origin: Option<&Name>) -> Master {
        let file = Arc::clone(&self.master.file);
        if let Err(problem) = self.open(&file, Context::new(origin.cloned())) {
            self.tell(file, problem.at(START));
        }
        while let Some(open) = self.files.last_mut() {
            let (name, octets) = (Arc::clone(&open.name), Arc::clone(&open.octets));
            let mut lexer = Lexer::resume(&octets, open.cursor);
            let Some(entry) = lexer.next() else {
                self.files.pop();
                continue;
            };
            open.cursor = lexer.cursor();
            let outcome = match entry {
                Ok(entry) => self.entry_shown(&name, &entry),
                Err(error) => {
                    open.context.lose_owner();
                    Err(error.into())
                }
            };
            if let Err(wrong) = outcome {
                self.tell(name, wrong);
            }
            if self.master.more {
                break;
            }
        }
        self.master
    }

    fn tell(&mut self, file: Arc<str>, wrong: Wrong) {
        if self.master.mistakes.len() == self.limits.mistakes {
            self.master.more = true;
            return;
        }
        let place = Place { file, position: wrong.at };
        self.master.mistakes.push(Mistake { place, problem: wrong.problem });
    }

    fn file(&mut self) -> &mut File {
        self.files.last_mut().expect("entries are read from the file opened last")
    }

    /// Reads an entry and shows it to who watches.
    fn entry_shown(&mut self, name: &Arc<str>, entry: &Entry<'_>) -> Result<(), Wrong> {
        let (records, depth) = (self.master.records.len(), self.files.len());
        self.entry(entry)?;
        if let Some(watch) = &mut self.watch {
            // An $INCLUDE has opened one more.
            let context = &self.files[depth - 1].context;
            let is_record = self.master.records.len() > records;
            watch(Seen {
                file: name,
                entry,
                record: is_record.then_some(records),
                origin: context.origin.as_ref(),
                default_ttl: context.default_ttl,
            });
        }
        Ok(())
    }

    fn entry(&mut self, entry: &Entry<'_>) -> Result<(), Wrong> {
        let first = entry.tokens[0];
        let mut tokens = Tokens::new(&entry.tokens, entry.end);
        if !entry.indented && !first.quoted && first.raw.starts_with(b"$") {
            tokens.take("a directive")?;
            return self.directive(&first, &mut tokens);
        }
        let file = self.file();
        let place = Place { file: Arc::clone(&file.name), position: first.at };
        if let Some(record) = file.context.record(entry.indented, &mut tokens)? {
            self.master.records.push((record, place));
        }
        Ok(())
    }

    fn directive(
        &mut self,
        directive: &Token<'_>,
        tokens: &mut Tokens<'_, '_>,
    ) -> Result<(), Wrong> {
        let name = directive.raw.to_ascii_uppercase();
        let context = &mut self.file().context;
        match name.as_slice() {
            b"$ORIGIN" => context.origin = Some(tokens.name(context.origin.as_ref())?),
            b"$TTL" => context.default_ttl = Some(ttl(&tokens.take(TTL)?)?),
            b"$INCLUDE" => return self.include(tokens),
            _ => {
                let found = String::from_utf8_lossy(directive.raw).into_owned();
                return Err(MasterError::Directive(found).at(directive.at));
            }
        }
        Ok(tokens.finish()?)
    }

    fn include(&mut self, tokens: &mut Tokens<'_, '_>) -> Result<(), Wrong> {
        const FILE: &str = "the name of a file";
        let token = tokens.take(FILE)?;
        let file = String::from_utf8(token.octets()?).map_err(|_| token.unexpected(FILE))?;
        let mut context = self.file().context.clone();
        if !tokens.is_empty() {
            context.origin = Some(tokens.name(context.origin.as_ref())?);
        }
        tokens.finish()?;
        self.open(&file, context).map_err(|problem| problem.at(token.at))
    }

    fn open(&mut self, file: &str, context: Context) -> Result<(), MasterError> {
        if self.files.len() == self.limits.depth {
            return Err(MasterError::Depth(self.limits.depth));
        }
        let from = self.files.last().map(|file| &*file.name);
        let cannot = |why| MasterError::Source { file: file.to_owned(), why };
        let read = self.source.read(file, from, self.room).map_err(cannot)?;
        if self.files.iter().any(|open| *open.name == *read.name) {
            return Err(MasterError::Cycle(file.to_owned()));
        }
        let left = self.room.checked_sub(read.octets.len());
        self.room = left.ok_or_else(|| cannot("too much data in all".to_owned()))?;
        self.files.push(File {
            name: read.name.into(),
            octets: read.octets.into(),
            cursor: Cursor::default(),
            context,
        });
        Ok(())
    }
}
