//! Who vouches for a statement.

use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};

use super::{Client, Resolved};
use crate::association::Statement;
use crate::certificate::{self, Certificate};
use crate::clock::Timestamp;
use crate::signed::{KeyName, ServerName};
use crate::threepid::Threepid;
use crate::transport::Exchange;
use crate::trust::{Anchors, Collected, Fetched, Judge, Judgement, Step, Vouching};
use crate::wire::{Name, Rdata, Rtype};

impl<E: Exchange + 'static> Client<E> {
    /// The certificates of a server in the tree at `apex`: all that one message holds. They are
    /// [absent](Fetched::Absent) where DNSSEC proves it, or where the server is named by an address. What
    /// is not proved does not count: neither records nor that there are none.
    pub async fn certificates(&self, server: &ServerName, apex: &Name) -> Fetched {
        let Ok(Some(name)) = certificate::owner(server, apex) else { return Fetched::Absent };
        match self.resolve(&name, Rtype::VCERT).await.map(Resolved::proved) {
            Ok(Ok(proved)) => read(proved.data()),
            Ok(Err(_)) | Err(_) => Fetched::Undetermined,
        }
    }

    /// Who vouches for a statement about `threepid`, by the certificates in the tree at `apex`, which
    /// should be the one that gave the statement. Of [`MAX_SERVERS`](crate::trust::MAX_SERVERS)
    /// servers at most certificates are looked up, within [`Limits::vouching`](super::Limits): what is
    /// not known by then is [undetermined](crate::trust::Verdict::Undetermined).
    pub async fn vouch(
        &self,
        threepid: &Threepid,
        statement: &Statement,
        apex: &Name,
        anchors: &Anchors,
    ) -> Vouching {
        self.settle(apex, |now, collected| {
            Judge { threepid, now, anchors, collected }.statement(statement)
        })
        .await
    }

    /// Whether a key may verify `threepid`, by the certificates in the tree at `apex`. Where several keys
    /// have its name, one that may is enough. The limits are those of [`Client::vouch`].
    pub async fn vouch_for_key(
        &self,
        threepid: &Threepid,
        key: &KeyName,
        apex: &Name,
        anchors: &Anchors,
    ) -> Judgement {
        self.settle(apex, |now, collected| {
            Judge { threepid, now, anchors, collected }.chain(key, |_| true)
        })
        .await
    }

    /// Looks up certificates as `judge` needs them, until it needs no more.
    async fn settle<T>(&self, apex: &Name, judge: impl Fn(Timestamp, &Collected) -> Step<T>) -> T {
        let until = Instant::now() + self.limits.vouching;
        let mut collected = Collected::default();
        loop {
            match judge(self.clock.now(), &collected) {
                Step::Need(servers) => self.collect(&mut collected, servers, apex, until).await,
                Step::Done(judged) => return judged,
            }
        }
    }

    /// Looks up the certificates of servers at the same time, of as many as there is room for.
    async fn collect(
        &self,
        collected: &mut Collected,
        servers: Vec<ServerName>,
        apex: &Name,
        until: Instant,
    ) {
        let mut lookups = JoinSet::new();
        for server in servers.into_iter().take(collected.room()) {
            collected.insert(server.clone(), Fetched::Undetermined);
            let (client, apex) = (self.clone(), apex.clone());
            lookups.spawn(async move {
                let found = client.certificates(&server, &apex).await;
                (server, found)
            });
        }
        while let Ok(Some(looked_up)) = timeout_at(until, lookups.join_next()).await {
            if let Ok((server, found)) = looked_up {
                collected.insert(server, found);
            }
        }
    }
}

/// Reads certificates that are proved, malformed ones included.
fn read(data: &[Rdata]) -> Fetched {
    if data.is_empty() {
        return Fetched::Absent;
    }
    Fetched::Records(data.iter().map(|rdata| Certificate::from_rdata(rdata.octets())).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn malformed_certificates_are_kept() {
        let malformed = Rdata::new(b"{}".to_vec()).unwrap();
        let Fetched::Records(records) = read(&[malformed]) else { panic!("there are records") };
        assert!(matches!(records.as_slice(), [Err(_)]));
        assert_eq!(read(&[]), Fetched::Absent);
    }
}
