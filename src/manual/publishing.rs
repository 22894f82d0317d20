//! Publishing: the way of a statement from a verification server to an answer.
//!
//! ```text
//!  verification server            a root of the tree            the zone with the name
//! ┌────────────────────┐  POST   ┌────────────────────┐
//! │ association sign   ├────────►│ [publish]          │
//! │ publish            │◄────────┤ of 3pid.example    ├╌╌╌╌╌╌╌╌╌╌╌╌╌╌┐ or passed on:
//! │                    │  307    └────────────────────┘              ╎ below = "forward"
//! │                    │                                             ▼
//! │                    │  POST                              ┌────────────────────┐
//! │                    ├───────────────────────────────────►│ [publish] of +44   │
//! │                    │◄───────────────────────────────────┤   who signed?      │
//! │ outbox             │  201                               │   what is newer?   │
//! └────────────────────┘                                    ├─────────┬──────────┤
//!   what got no answer waits                                │ store   │ on disk  │
//!                                                           ├─────────▼──────────┤
//!            lookup ◄──── resolver ◄───── DNS ──────────────┤ [authority] signs  │
//!              who signed? once more                        └────────────────────┘
//! ```
//!
//! A *statement* is an association or a withdrawal, signed by who made sure of it. It goes to every root that
//! there is, by HTTPS, and from each to the zone that holds its name in that tree. When it is answered by 201 it
//! is on disk there, and the zone's server answers with it, signed: that takes a tenth of a second at most.
//!
//! # Who accepts whom
//!
//! A server that stores looks at the signatures: of a verification server that its `[[publish.verifier]]` tables
//! name, or of one that such a server has certified in the tree ([`vouching`](super::vouching)), for this
//! identifier. It keeps those that hold, and needs one. One that passes statements on looks at them in the same way
//! first; one that refers looks at none, and says no more than where the name lies. Whoever looks the
//! identifier up judges again, by what is trusted there: nobody has to share a list with anybody.
//!
//! # What is answered
//!
//! [`services::publish`](crate::services::publish) has all of it. What a sender has to know:
//!
//! - 201 and 200: it is held, or was already.
//! - 307: it lies below a delegation; `location` says where to go. `threepid publish` goes there by itself,
//!   each time deeper into the tree and at most 16 times, and only to HTTPS at addresses of the
//!   internet, or of `follow_to` in `[client]`, unless the root itself is at none.
//! - 409: something newer is held. The time `ts` in the statement decides, whoever signed, in whatever order
//!   statements arrive; so a copy of an old one brings nothing back. Who still means it signs it anew, with a
//!   time of now. A time that is more than 5 minutes ahead is refused by 400: clocks have to be right.
//! - 403: nobody who counts there vouches for it, and of each signature it is told why.
//! - 404: no zone of that server has a place for its name, nor leads to one.
//! - 429 and 503: come again; `Retry-After` tells when.
//!
//! A withdrawal is published like anything else, and answered like an association: it is the newest that
//! is known, and says that there is nobody. So an older association that another root still has does not count.
//! 400 days later (`keep_withdrawals`) the statement goes, and its time stays for good: nothing older is taken.
//!
//! # How soon everybody sees it
//!
//! The zone answers with it at once. Resolvers remember what they were told before: an association or
//! withdrawal for an hour, that there is nobody for a minute. So after `stored` a lookup may show for an hour
//! what was before, and no longer. `threepid trace` asks the servers themselves, past every cache, from the
//! addresses that the configuration gives for the root (`servers`). Signatures of DNSSEC end after 3 days: not
//! even a resolver that lies can show for longer what was withdrawn.
//!
//! # For who verifies
//!
//! A key, a statement, and all roots of the configuration:
//!
//! ```text
//! threepid cert key --new verify.key
//! threepid association sign --key verify.key --server verify.example \
//!     +447700900126 @carol:matrix.example > carol.json
//! threepid publish -c client.toml carol.json
//! threepid association sign --key verify.key --server verify.example \
//!     --withdraw +447700900126 > nobody.json
//! threepid publish -c client.toml nobody.json
//! ```
//!
//! `[[client.root]]` or a [root list](super::roots) names the roots. Each is told apart in what is printed: one
//! may have it while another is down. Where to go is `publish` in the configuration, or an SRV record in
//! the tree, which DNSSEC has to prove.
//!
//! What could not be delivered is in the outbox, a directory with a file for each identifier (`outbox` in
//! `[client]`), before anything is sent; a newer statement takes the place of an older one. `threepid outbox
//! show` tells what stands in the way. Something has to run it:
//!
//! ```text
//! * * * * *  threepid outbox run -c /etc/threepid/client.toml | grep -v ': waits'
//! ```
//!
//! is a line for cron, which then mails what was delivered or refused, and errors. The same user has to run it
//! who publishes. Each failure makes the pause longer, from half a minute up to 6 hours; `--now` waits for none
//! and changes none, and `--wait` stays until nothing waits any more. Nothing is ever given up but by `threepid
//! outbox drop`, since a withdrawal has to arrive however long a root is away. The exit status tells whether
//! something still waits (2), was refused (1), or cannot be read (3).
//!
//! # For who runs a zone
//!
//! The zone says where its statements go, and a delegated zone says so itself:
//!
//! ```text
//! _threepid-publish._tcp  SRV  0 0 443 id.44.example.
//! ```
//!
//! `certificate` in `[publish]` is for that name, the target of the record, not for the zone's. Authorities certify
//! names of the public DNS; so it should be one, which needs no record in the tree. A target inside the tree
//! (`ns.4.4.msisdn.3pid.example.`) is found there, but its certificate comes from an authority of your own,
//! which all others have to name in `ca_file`. A renewed file is read within a minute, without a reload.
//!
//! `resolver` in `[publish]` is asked for certificates of verification servers and for services of children.
//! Nobody has to trust it; without it, only what root verification servers signed themselves can be taken, and
//! all else is answered by 503. A child without `[publish]` takes nothing, and statements for it wait at those
//! who send them.
//!
//! With `below = "refer"` senders go on by themselves. `below = "forward"` is for senders that cannot, as behind
//! a firewall: the server then goes to addresses of the internet, and to those in `forward_to`. What is answered
//! is what the child says.
//!
//! Ports 53 and 443 need no root, but a capability. As a service of systemd:
//!
//! ```text
//! [Unit]
//! Description=Third-party identifiers
//! Wants=network-online.target
//! After=network-online.target
//!
//! [Service]
//! Type=notify
//! ExecStart=/usr/local/bin/threepid serve -c /etc/threepid/regional.toml
//! ExecReload=/bin/kill -HUP $MAINPID
//! User=threepid
//! StateDirectory=threepid
//! AmbientCapabilities=CAP_NET_BIND_SERVICE
//! CapabilityBoundingSet=CAP_NET_BIND_SERVICE
//! ProtectSystem=strict
//! Restart=on-failure
//!
//! [Install]
//! WantedBy=multi-user.target
//! ```
//!
//! The user `threepid` has to be able to read the keys of the zones and of the certificate. Elsewhere `setcap
//! cap_net_bind_service=+ep threepid` does it, or other ports behind a packet filter.
