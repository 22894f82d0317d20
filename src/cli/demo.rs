//! `threepid demo`: everything on this machine, to try things on.

use std::fmt::Write;

use crate::config::{DNS_PORT, Log};
use crate::daemon::Signals;
use crate::daemon::demo::{self, Settings};

use super::serve::{stay, unless_stopped};
use super::{Exit, arguments, log, output, runtime};

/// What there is to look up, and what comes of it.
const LOOKUPS: [(&str, &str); 8] = [
    ("+447700900123", "in both trees"),
    ("+447700900999", "ported: delegated at its last digit"),
    ("+493023125012", "a German number"),
    ("alice@example.com", "signed by two servers"),
    ("Strauß@Example.com", "case does not count"),
    ("carol@mail.example.net", "a subdomain"),
    ("+447700900125", "withdrawn"),
    ("nobody@example.com", "proved to be nobody's"),
];

/// Starts the demo, tells what to try, and stays up.
pub(super) fn demo(arguments: &arguments::Demo) -> Exit {
    log::start(&Log::default());
    let settings = Settings::new(arguments.dir.clone());
    runtime::long(async {
        let mut signals = match Signals::catch() {
            Ok(signals) => signals,
            Err(error) => return output::fail(format_args!("cannot catch signals: {error}")),
        };
        match unless_stopped(&mut signals, demo::Demo::start(&settings)).await {
            Some(Ok(demo)) => {
                output::print(introduction(&demo));
                stay(demo, signals).await
            }
            Some(Err(error)) if error.is_about_files() => output::mistakes(error),
            Some(Err(error)) => output::fail(error),
            None => Exit::Success,
        }
    })
    .unwrap_or_else(|exit| exit)
}

/// What is where, and what to try.
fn introduction(demo: &demo::Demo) -> String {
    let mut text = String::new();
    let port = demo.port();
    if port != DNS_PORT {
        let line =
            format!("Port {DNS_PORT} is refused: the servers are on port {port} instead.\n\n");
        text.push_str(&line);
    }
    for (apex, server) in demo.zones() {
        line(&mut text, format_args!("{:<58}{server}", apex.to_string()));
    }
    line(&mut text, format_args!("{:<58}{}", "the resolver", demo.resolver()));
    for (apex, place) in demo.publish() {
        line(&mut text, format_args!("{:<58}http://{place}", format!("publishing to {apex}")));
    }
    text.push('\n');
    line(&mut text, format_args!("Try, in another terminal:\n"));
    let client = demo.path("client.toml");
    for (identifier, why) in LOOKUPS {
        let command = format!("threepid lookup -c {} {identifier}", client.display());
        line(&mut text, format_args!("  {command:<66} # {why}"));
    }
    let (identifier, _) = LOOKUPS[0];
    let trace = format!("threepid trace -c {} {identifier}", demo.path("resolver.toml").display());
    line(&mut text, format_args!("  {trace:<66} # each step from the root"));
    line(&mut text, format_args!("\n{}", publishing(demo)));
    line(&mut text, format_args!("{}", tools(demo)));
    text
}

/// What a verification server does, and every root then tells.
fn publishing(demo: &demo::Demo) -> String {
    let (key, client) = (demo.path("verifiers/verify.example.key"), demo.path("client.toml"));
    format!(
        "  threepid association sign --key {} --server verify.example \\\n    \
         dora@example.org @dora:matrix.example |\n  \
         threepid publish -c {} -                # then look up dora@example.org\n",
        key.display(),
        client.display(),
    )
}

/// The same by tools that nobody here wrote.
fn tools(demo: &demo::Demo) -> String {
    let name = "3.2.1.0.0.9.0.0.7.7.4.4.msisdn.3pid.example.";
    let at = format!("@{} -p {}", demo.resolver().ip(), demo.resolver().port());
    let keys = demo.path("root.keys");
    format!(
        "  dig {at} {name} TYPE65301 +dnssec\n  \
         delv {at} -a {} +root=3pid.example {name} TYPE65301\n\n\
         Zones and keys are in {}, and those of verification servers in its verifiers/: change a zone, and\n\
         send SIGHUP. Ctrl-C ends it.\n",
        keys.display(),
        demo.path("").display(),
    )
}

fn line(text: &mut String, content: std::fmt::Arguments<'_>) {
    writeln!(text, "{content}").expect("a string takes all that is written");
}
