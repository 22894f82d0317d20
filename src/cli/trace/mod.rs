//! `threepid trace`: the way from the root to an answer, step by step.
//!
//! What is shown is what the resolver does: it is run from the cold, and tells of itself.

mod delegation;
mod object;
mod target;
mod teller;
mod text;
mod unproved;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crate::clock::{Clock, SystemClock};
use crate::config::{self, Config};
use crate::daemon::anchors;
use crate::recursor::{Limits, Recursor};
use crate::resolver::{Checking, Policy, Response, Root};
use crate::stub::{Answer, Finding, Found, LookupError, Verifiers};
use crate::threepid::Threepid;
use crate::transport::{self, Network, Sources};
use crate::wire::{Class, Name, Question, Rtype};

use super::arguments::Trace;
use super::client::default_config;
use super::lookup;
use super::{Exit, output, runtime};

pub(super) use object::TRACE_JSON;
use target::Target;
use teller::Teller;

/// What is told where there is no configuration.
const NO_CONFIG: &str = "no configuration: give one with a [resolver] section by -c FILE \
                         (`threepid demo` writes one to demo-state/resolver.toml), or put a \
                         client's, with the servers of its roots, at";

/// How long one walk may take. Whoever watches is patient: with each question that stays without a
/// reply the reason becomes clearer.
const DEADLINE: Duration = Duration::from_secs(60);

/// Walks to what is asked for, and ends as a lookup of it would.
pub(super) fn trace(arguments: &Trace) -> Exit {
    let setting = match Setting::read(arguments) {
        Ok(setting) => setting,
        Err(exit) => return exit,
    };
    let mut teller = Teller::new(arguments.json, setting.policy.clone());
    let target = match Target::read(&arguments.target, arguments.country) {
        Ok(target) => target,
        Err(error) => return teller.fail(&arguments.target, error),
    };
    let tracer = Tracer { setting, text: &arguments.target };
    runtime::short(async {
        let exit = match (target, arguments.rtype) {
            (Target::Identifier(threepid), None | Some(Rtype::ASSOC)) => {
                tracer.identifier(&threepid, &mut teller).await
            }
            (Target::Identifier(threepid), Some(rtype)) => {
                tracer.names(&threepid, rtype, &mut teller).await
            }
            (Target::Name(name), rtype) => {
                tracer.name(name, rtype.unwrap_or(Rtype::A), &mut teller).await
            }
        };
        teller.end();
        exit
    })
    .unwrap_or_else(|exit| exit)
}

/// How the configuration says to resolve.
struct Setting {
    policy: Policy,
    /// Where questions go out from.
    sources: Sources,
}

/// Walks.
struct Tracer<'a> {
    setting: Setting,
    /// What is traced, as it was given.
    text: &'a str,
}

impl Tracer<'_> {
    /// The trees that may hold identifiers: `.` is that of ordinary names where there are others, and its
    /// servers have no business with identifiers.
    fn trees(&self) -> impl Iterator<Item = &Root> {
        let roots = &self.setting.policy.roots;
        roots.iter().filter(|root| !root.apex.is_root() || roots.len() == 1)
    }

    /// Looks in every root for the statement about an identifier.
    async fn identifier(&self, threepid: &Threepid, teller: &mut Teller) -> Exit {
        let mut findings = Vec::new();
        for root in self.trees() {
            let outcome = match threepid.owner(&root.apex) {
                Ok(name) => {
                    let (rtype, class) = (Rtype::ASSOC, Class::IN);
                    let question = Question { name: name.clone(), rtype, class };
                    Found::read(name, &self.walk(question, teller).await)
                }
                Err(error) => Err(LookupError::Name(error)),
            };
            findings.push(Finding { apex: root.apex.clone(), outcome, vouching: None });
        }
        let verifiers = Verifiers::default();
        let answer = Answer::of(findings, threepid, &verifiers, SystemClock.now());
        teller.identifier(self.text, threepid, &answer);
        lookup::exit(&answer)
    }

    /// Looks in every root for other records at the identifier's name.
    async fn names(&self, threepid: &Threepid, rtype: Rtype, teller: &mut Teller) -> Exit {
        let mut gravest = Exit::Success;
        for root in self.trees() {
            let exit = match threepid.owner(&root.apex) {
                Ok(owner) => self.name(owner, rtype, teller).await,
                Err(error) => teller.fail(&root.apex.to_string(), error),
            };
            gravest = gravest.max(exit);
        }
        gravest
    }

    async fn name(&self, name: Name, rtype: Rtype, teller: &mut Teller) -> Exit {
        let policy = &self.setting.policy;
        let known = policy.special(&name, rtype).is_some();
        let is_forwarded = policy.forwards.iter().any(|it| name.is_at_or_below(&it.zone));
        if !known && !is_forwarded && policy.root_of(&name).is_none() {
            let apexes: Vec<String> =
                policy.roots.iter().map(|root| root.apex.to_string()).collect();
            let apexes = apexes.join(" and ");
            return teller
                .fail(&name.to_string(), format_args!("it lies in no configured tree ({apexes})"));
        }
        let question = Question { name, rtype, class: Class::IN };
        let response = self.walk(question.clone(), teller).await;
        teller.answer(&question, &response)
    }

    /// Walks as a resolver that knows nothing yet.
    async fn walk(&self, question: Question, teller: &mut Teller) -> Response {
        let Setting { policy, sources } = &self.setting;
        let network = Network::new(&transport::Limits::default()).from(sources.clone());
        let limits = Limits { deadline: DEADLINE, ..Limits::default() };
        let recursor = Recursor::new(policy.clone(), network, Arc::new(SystemClock), limits);
        teller.begin(&question);
        recursor.watch(question, Checking::Enabled, |note| teller.tell(note)).await
    }
}

impl Setting {
    fn read(arguments: &Trace) -> Result<Self, Exit> {
        let path = match &arguments.config {
            Some(path) => path.clone(),
            None => default_config(NO_CONFIG)?,
        };
        let config = Config::load(&path).map_err(output::config)?;
        let setting = match (config.resolver, config.client) {
            (Some(resolver), _) => Self::of_resolver(&resolver)?,
            (None, Some(client)) => Self::of_client(&client, &path)?,
            (None, None) => {
                let path = path.display();
                return Err(output::mistakes(format_args!(
                    "{path}:1:1: it has neither a [resolver] nor a [client] section"
                )));
            }
        };
        // Each step is to be seen.
        let minimise = setting.policy.minimise && !arguments.no_minimise;
        let policy = Policy { minimise, aggressive_nsec: false, ..setting.policy };
        Ok(Self { policy, ..setting })
    }

    fn of_resolver(resolver: &config::Resolver) -> Result<Self, Exit> {
        let policy = anchors::policy(resolver).map_err(output::mistakes)?;
        let sources = resolver.sources.iter().map(|source| source.value).collect();
        Ok(Self { policy, sources: Sources::new(sources) })
    }

    /// Goes to the servers of a client's roots, where it names them.
    fn of_client(client: &config::Client, path: &Path) -> Result<Self, Exit> {
        if let Some(root) = client.roots.iter().find(|root| root.servers.is_empty()) {
            return Err(output::mistakes(format_args!(
                "{}: a trace starts at the servers of {}: name them there, as `servers` or in a \
                 `hints_file`, or take a configuration with a [resolver] section",
                path.display(),
                root.apex.value
            )));
        }
        let roots = client.roots.iter().map(config::Root::to_root).collect();
        let policy = Policy { roots, ..Policy::default() };
        Ok(Self { policy, sources: Sources::default() })
    }
}
