//! Verifying: how a verification server makes sure of an address, and serves Matrix clients.
//!
//! ```text
//!   Matrix client            verification server              address      every root
//!        │ requestToken  ┌───────────────────────────┐
//!        ├──────────────►│ policy, rates             │  token
//!        │               │ session ──► ledger        ├────────────►│
//!        │               │                           │◄────────────┤ link, or typed
//!        │ submitToken   │                           │
//!        ├──────────────►│ session is validated      │
//!        │ bind          │                           │
//!        ├──────────────►│ whose is it? ── the trees │  statement
//!        │◄──────────────┤ signs ──► ledger ──► outbox ├──────────────────────────►│
//!        │  signed JSON  └───────────────────────────┘
//! ```
//!
//! A [`Verifier`](crate::verifier::Verifier) does this, and knows no HTTP;
//! [`services::matrix`](crate::services::matrix) is Matrix's Identity Service API in front of it. One process has
//! both: `[verification]` and `[identity_api]` of `config/verification.toml`, which explains every setting.
//!
//! # What it says with a signature
//!
//! That whoever has the address could read what was sent there, and that this user wanted to be found by it.
//! The first is a token of a session, the second an access token of the user's own, for which his homeserver
//! vouched by OpenID: who is logged in binds himself and nobody else. What was bound is published at every root of
//! `[client]`, signed. Roots take it where they accept this server, or one that has certified it
//! ([`vouching`](super::vouching)).
//!
//! A link in a mail leads to a page with a button, and whoever presses it has proved the address and is sent on to
//! `next_link`. By the specification, following the link does it. But programs that guard mailboxes follow every
//! link, and would prove anybody's address to whoever asked; they press no button. What clients send to
//! `submitToken` by POST is as in the specification. `confirm_links = false` in `[identity_api]` has following the
//! link do it, and saves people a step. Its cost: whoever has an account binds any address to himself that lies
//! behind such a program, and its owner need do nothing.
//!
//! A newer statement takes the place of an older one. With `existing = "refuse"` the server does not sign where
//! the address belongs to somebody else, until that is withdrawn; with `"replace"`, who controls it now decides.
//! Where the trees cannot be asked, it signs nothing, and says that it is to be tried again. An unbinding is a
//! withdrawal, signed and published in the same way, at the word of the address' owner (a session) or of the
//! user's homeserver (a request with its signature).
//!
//! # Keys
//!
//! ```text
//! threepid cert key --new --key-id 1 keys/verify-1.key
//! ```
//!
//! puts a key into a file, and prints what others are to trust. It is put first in `keys`, the one before stays in
//! the list, and SIGHUP has it taken up. Before that, others have to trust it: roots by their
//! `[[publish.verifier]]`, or by a certificate. What older keys signed stays valid as long as these are trusted.
//! A key is for one thing: it signs no zone.
//!
//! # With others
//!
//! - *In the name of a parent*: the server has a certificate from one that is trusted already, for a part of the
//!   identifiers, in the tree. `threepid cert issue` makes one, for others too. At its start and every hour the server
//!   looks at its own, and warns where `scope` has what the certificate has not, where it is not for the key that is
//!   signed with, and where it ends; `threepid_certificate_end_timestamp_seconds` tells when. A server that is
//!   trusted by itself has none.
//! - *By others*: `[[verification.delegate]]` has another server send the messages and take the tokens back, as a
//!   provider of SMS does. What it says is proved, is signed here.
//! - *Beside others*: what was bound here is offered to each `[[verification.cosigner]]`, which asks the address
//!   itself ("other.example says that you are @alice:example.org"), and then signs the same statement. Clients
//!   that want two vouchers have them. It refuses statements that say more than it can make sure of.
//!   [`services::cosign`](crate::services::cosign) has the form of the question; who may ask is in
//!   `[[verification.asker]]`.
//!
//! # With Synapse and Element
//!
//! Clients name the server as their identity server, `https://id.example`. Synapse asks it for them, or for
//! itself:
//!
//! ```text
//! default_identity_server: https://id.example
//! account_threepid_delegates:
//!     msisdn: https://id.example
//! ```
//!
//! The mail of an invitation names who invites, and the room. Its type and its avatar may stand in an operator's own
//! words (`{room_type}`, `{room_avatar}`), and are in the link for the client. The words built in have no avatar, as
//! homeservers show them to users alone.
//!
//! # What is kept, and what is told
//!
//! Sessions, accounts and invitations are in the ledger, a file of this process; what was signed is in the outbox
//! until every root has it. Both are on disk before anything is answered, and a crash loses neither. Access tokens
//! stand there as hashes.
//!
//! At one address wait 50 invitations, 5 of one sender. Where there are more, one gives way to the newest: the
//! oldest of that sender, or of the homeserver that has most of them. So nobody keeps others from inviting somebody.
//!
//! What ended is forgotten: sessions after a day or two, invitations that nobody took up after 90 days, their keys,
//! which homeservers ask for, after a year.
//!
//! The log names no token, and an address by the SHA-256 of its medium, a zero octet and itself, unless
//! `log_addresses` is on. No answer tells whether an address has an account at a homeserver: that is not asked.
//!
//! # Bounds
//!
//! Messages cost, annoy, and earn who owns a range of numbers; tokens can be guessed; lookups tell who has which
//! number. So all of it is bounded: by the hour in `[verification.per_hour]` and `[identity_api.per_hour]`, requests
//! by the second in `[identity_api.per_second]`. `config/verification.toml` has each bound, its default and its
//! reason.
//!
//! - *Of an hour* no more pass than the number says, in any hour, whenever that begins: half of them may come at
//!   once, after a while without any, the others one by one. Who never stops has half of them an hour, and one. Of
//!   one an hour, the next passes an hour later.
//! - *A request passes all its bounds or none*: what is refused takes nothing from the address, the domain, the
//!   homeserver or the network that it would have passed. The response tells when to come again.
//! - *A network* is an IPv4 address or an IPv6 network of 64 bits. IPv6 networks of 56 and of 48 bits, of which one
//!   person may have all addresses, have twice and four times as much.
//! - *All SMS* of the server together are `sms` an hour: times the price of one, that is the most they cost. Who has
//!   no account can use up `sms_without_account` of them.
//! - *No network uses up* a phone prefix or a mail domain: it has a tenth, `messages_per_network_and_prefix` and
//!   `messages_per_network_and_domain`.
//! - *A homeserver* has as many users as it likes. So its users together are bounded, too.
//! - *Homeservers that do not answer* hold up those who name them: few requests at the same time go to one server, to
//!   one network of servers, and for one client network. Some are kept for telling homeservers of their users.
//!
//! A Synapse with `account_threepid_delegates` asks for all its users from one address, and without an account. Where
//! it has many, `messages_per_network_without_account` and `messages_per_network_and_prefix` are to be greater.
//!
//! What was turned away is counted by the bound that it met, and not by whom: in
//! `threepid_verification_turned_away_total`, `threepid_identity_api_turned_away_total`,
//! `threepid_homeservers_turned_away_total` and, of `[publish]`, `threepid_publish_turned_away_total`.
//!
//! # Lookups
//!
//! With `none` addresses are looked up in every tree, and who is found is proved by DNSSEC and vouched for by
//! a `[[client.verifier]]`. With `sha256` clients send hashes with a pepper, which changes every day. Only the
//! associations of the `[authority]` in the same process can be found so, as nobody else's are known here.
//!
//! The Matrix specification wants every server to know `sha256`, and clients to prefer it. So what is offered decides
//! whom they find:
//!
//! | `lookups` | Synapse, Element Web | clients that know `sha256` alone, as Element on Android did |
//! |---|---|---|
//! | `["none"]` | take `none`: they find people anywhere in the trees | find nobody |
//! | `["none", "sha256"]` | take `sha256`: they find the people of this server | find the people of this server |
//!
//! The second is the default where `[authority]` has a `store`, and the first elsewhere, as there is nothing then that
//! could be found by hash: it is a departure from the specification. Who has a store and wants people to be
//! found anywhere sets the first.
