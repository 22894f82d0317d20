//! Who asks.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use super::{Answer, Finding, Found, Limits, LookupError, Resolved, Verifiers};
use crate::clock::{Clock, SystemClock};
use crate::recursor::Recursor;
use crate::resolver::{Checking, Forward, Policy, Response, Root};
use crate::threepid::Threepid;
use crate::transport::{self, Exchange, Network};
use crate::wire::rdata::Ds;
use crate::wire::{Class, Name, Question, Rtype};

/// Looks identifiers up. Clones share what was learned.
pub struct Client<E = Network> {
    recursor: Recursor<E>,
    apexes: Arc<[Name]>,
    pub(super) clock: Arc<dyn Clock>,
    verifiers: Arc<Verifiers>,
    pub(super) limits: Limits,
}

impl<E> fmt::Debug for Client<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("apexes", &self.apexes).finish_non_exhaustive()
    }
}

impl<E> Clone for Client<E> {
    fn clone(&self) -> Self {
        Self {
            recursor: self.recursor.clone(),
            apexes: self.apexes.clone(),
            clock: self.clock.clone(),
            verifiers: self.verifiers.clone(),
            limits: self.limits.clone(),
        }
    }
}

impl Client {
    /// Looks in these roots by asking `resolver`, within the default [`Limits`]. The servers of the roots
    /// are not asked: [`Root::proved_by`] makes one without.
    pub fn new(resolver: SocketAddr, roots: Vec<Root>) -> Self {
        let network = Network::new(&transport::Limits::default()).towards([resolver]);
        Self::over(network, Arc::new(SystemClock), resolver, roots, Limits::default())
    }
}

impl<E: Exchange + 'static> Client<E> {
    /// The same over any network, at any time, and within any limits.
    pub fn over(
        exchange: E,
        clock: Arc<dyn Clock>,
        resolver: SocketAddr,
        roots: Vec<Root>,
        limits: Limits,
    ) -> Self {
        let apexes = roots.iter().map(|root| root.apex.clone()).collect();
        Self::about(apexes, roots, exchange, clock, resolver, limits)
    }

    /// One that looks in no tree: it asks `resolver` about any name, and nothing proves what that says.
    pub fn without_trees(
        exchange: E,
        clock: Arc<dyn Clock>,
        resolver: SocketAddr,
        limits: Limits,
    ) -> Self {
        Self::about(vec![Name::root()], Vec::new(), exchange, clock, resolver, limits)
    }

    /// One that asks about the names at or below `zones`.
    fn about(
        zones: Vec<Name>,
        roots: Vec<Root>,
        exchange: E,
        clock: Arc<dyn Clock>,
        resolver: SocketAddr,
        limits: Limits,
    ) -> Self {
        let apexes = roots.iter().map(|root| root.apex.clone()).collect();
        let forward = |zone: Name| Forward { zone, resolvers: vec![resolver] };
        let forwards = zones.into_iter().map(forward).collect();
        let policy = Policy { roots, forwards, limits: limits.asking(), ..Policy::default() };
        let recursor = Recursor::new(policy, exchange, clock.clone(), limits.together());
        Self { recursor, apexes, clock, verifiers: Arc::default(), limits }
    }

    /// Believes these verification servers; a new client believes none.
    #[must_use]
    pub fn trusting(self, verifiers: Verifiers) -> Self {
        Self { verifiers: verifiers.into(), ..self }
    }

    /// Whom it believes.
    pub fn verifiers(&self) -> &Verifiers {
        &self.verifiers
    }

    /// The roots it looks in.
    pub fn apexes(&self) -> &[Name] {
        &self.apexes
    }

    /// Judges the tree at `apex` by these anchors from here on: its zone has other keys.
    pub fn trust(&self, apex: &Name, anchors: &[Ds]) {
        self.recursor.trust(apex, anchors);
    }

    /// Believes nothing in the trees at these apexes from here on, and in all others what is proved: the
    /// list that names them has expired.
    pub fn suspend(&self, apexes: &[Name]) {
        self.recursor.suspend(apexes);
    }

    /// Finds the records of a type at a name in these roots, within [`Limits::question`].
    ///
    /// # Errors
    /// Where there is no answer, or none that can be believed.
    pub async fn resolve(&self, name: &Name, rtype: Rtype) -> Result<Resolved, LookupError> {
        let response = self.ask(name, rtype).await;
        Resolved::read(rtype, &response).map_err(|error| self.own(error))
    }

    /// Finds whose `threepid` is: asks every root for its statement, all at once, and who vouches
    /// for it, by the certificates in the tree of that root. Where no verification server is believed,
    /// nobody is asked to vouch.
    ///
    /// It takes [`Limits::question`] and [`Limits::vouching`] together at most, 30 s; what was not heard
    /// by then is told in the answer.
    pub async fn find(&self, threepid: &Threepid) -> Answer {
        let findings = self.ask_roots(threepid).await;
        Answer::of(findings, threepid, &self.verifiers, self.clock.now())
    }

    /// What each root says, in the order of the roots.
    async fn ask_roots(&self, threepid: &Threepid) -> Vec<Finding> {
        let ask = |apex: &Name| {
            let (client, threepid, apex) = (self.clone(), threepid.clone(), apex.clone());
            tokio::spawn(async move { client.ask_root(&threepid, apex).await })
        };
        let asked: Vec<_> = self.apexes.iter().map(|apex| (apex, ask(apex))).collect();
        let mut findings = Vec::with_capacity(asked.len());
        for (apex, finding) in asked {
            findings.push(finding.await.unwrap_or_else(|_| Finding {
                apex: apex.clone(),
                outcome: Err(LookupError::Interrupted),
                vouching: None,
            }));
        }
        findings
    }

    async fn ask_root(&self, threepid: &Threepid, apex: Name) -> Finding {
        let outcome = match threepid.owner(&apex) {
            Ok(owner) => self.ask_name(owner).await,
            Err(error) => Err(LookupError::Name(error)),
        };
        let statement = outcome.as_ref().ok().and_then(|found| found.statement.as_ref());
        let vouching = match statement {
            Some(statement) => {
                Some(self.vouch(threepid, statement, &apex, &self.verifiers.anchors).await)
            }
            None => None,
        };
        Finding { apex, outcome, vouching }
    }

    async fn ask_name(&self, owner: Name) -> Result<Found, LookupError> {
        let response = self.ask(&owner, Rtype::ASSOC).await;
        Found::read(owner, &response).map_err(|error| self.own(error))
    }

    async fn ask(&self, name: &Name, rtype: Rtype) -> Arc<Response> {
        let question = Question { name: name.clone(), rtype, class: Class::IN };
        self.recursor.resolve(question, Checking::Enabled).await
    }

    fn own(&self, error: LookupError) -> LookupError {
        error.of_resolver(&self.apexes)
    }
}
