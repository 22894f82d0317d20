//! Asking for all that is to be looked up.

use std::collections::BTreeMap;
use std::io::{IsTerminal, stdout};

use super::counts::Counts;
use super::gather::Gathered;
use super::writer::Writer;
use crate::cli::progress::Progress;
use crate::cli::{Exit, output};
use crate::stub::book::Contact;
use crate::stub::{AT_ONCE, Client};
use crate::transport::Network;

/// Looks up all identifiers, some at once, and writes what is found in the order in which they were
/// given. Ends with the gravest of their outcomes.
pub(super) async fn ask(client: &Client<Network>, gathered: Gathered, mut writer: Writer) -> Exit {
    let contacts = gathered.book.contacts();
    let progress = progress(contacts, &writer);
    let mut counts = Counts::new(&gathered);
    let mut many = client.find_many(contacts.iter().map(|it| it.threepid.clone()), AT_ONCE);
    let (mut early, mut turn) = (BTreeMap::new(), 0);
    while let Some(looked) = many.next().await {
        progress.add(1);
        early.insert(looked.index, looked.answer);
        while let Some(answer) = early.remove(&turn) {
            counts.count(&answer);
            writer.write(&contacts[turn], &answer);
            turn += 1;
        }
    }
    drop(progress);
    writer.finish();
    if gathered.has_books {
        output::tell(&counts);
    }
    counts.gravest()
}

/// A bar, where the results do not go to the same terminal, and there is something to wait for.
fn progress(contacts: &[Contact], writer: &Writer) -> Progress {
    if contacts.len() < 2 || (writer.is_prompt() && stdout().is_terminal()) {
        return Progress::hidden();
    }
    Progress::identifiers(u64::try_from(contacts.len()).unwrap_or(u64::MAX))
}
