//! Whatever happens in whatever order, the roots end up with the same, and nobody is bound who did not prove
//! the address.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::allowance::{Bound as _, Rate};

/// Something that happens.
#[derive(Debug, Clone)]
enum Step {
    /// A client of this number asks for a message.
    Ask(u8),
    /// It brings back the token, or a wrong one.
    Submit(u8, bool),
    /// It binds the address to a user.
    Bind(u8, u8),
    /// It unbinds the address from a user.
    Unbind(u8, u8),
    /// The homeserver of a user unbinds the address.
    Homeserver(u8),
    /// Another server says something at one root now, and at the other later.
    Other(u8, bool, bool),
    /// What is on its way is delivered.
    Deliver,
    /// A root goes down, or comes back.
    Root(bool, bool),
    /// Time goes by.
    Wait(u16),
    /// The process ends, and starts again.
    Restart,
}

fn step() -> impl Strategy<Value = Step> {
    let (client, user) = (0..2u8, 0..3u8);
    prop_oneof![
        3 => client.clone().prop_map(Step::Ask),
        4 => (client.clone(), prop::bool::weighted(0.8)).prop_map(|(it, ok)| Step::Submit(it, ok)),
        5 => (client.clone(), user.clone()).prop_map(|(client, user)| Step::Bind(client, user)),
        3 => (client, user.clone()).prop_map(|(client, user)| Step::Unbind(client, user)),
        1 => user.clone().prop_map(Step::Homeserver),
        3 => (user, any::<bool>(), any::<bool>()).prop_map(|(it, first, gone)| Step::Other(it, first, gone)),
        3 => Just(Step::Deliver),
        1 => (any::<bool>(), any::<bool>()).prop_map(|(root, down)| Step::Root(root, down)),
        2 => (0..3000u16).prop_map(Step::Wait),
        1 => Just(Step::Restart),
    ]
}

fn user(number: u8) -> Mxid {
    mxid(&format!("@u{number}:h{number}.example"))
}

/// What is played, and what was proved so far.
struct Play {
    world: World,
    clients: [Option<(SessionId, Option<String>)>; 2],
    /// The sessions whose token came back.
    proved: BTreeSet<SessionId>,
    /// The users whom clients bound the address to.
    consented: BTreeSet<Mxid>,
    /// What the other server has still to say, and where.
    on_its_way: Vec<(usize, Statement)>,
}

fn name_of(client: u8) -> String {
    format!("client{client}")
}

impl Play {
    fn new() -> Self {
        let world = World::with(|settings| {
            let often = Rate::per_second(1000);
            Bound::ALL.iter().for_each(|bound| settings.bounds[*bound] = often);
        });
        let (proved, consented) = (BTreeSet::new(), BTreeSet::new());
        Self { world, clients: [None, None], proved, consented, on_its_way: Vec::new() }
    }

    async fn step(&mut self, step: Step) -> Result<(), TestCaseError> {
        let verifier = self.world.verifier.clone();
        match step {
            Step::Ask(client) => self.ask(client).await,
            Step::Submit(client, is_right) => self.submit(client, is_right).await,
            Step::Bind(client, to) => return self.bind(client, user(to)).await,
            Step::Unbind(client, of) => {
                let Some((id, _)) = &self.clients[usize::from(client)] else { return Ok(()) };
                let by = Proof::Session(id.clone(), secret(&name_of(client)));
                let _ = verifier.unbind(&alice(), &user(of), &by, &caller()).await;
            }
            Step::Homeserver(of) => {
                let by = Proof::Homeserver(user(of).server());
                let _ = verifier.unbind(&alice(), &user(of), &by, &caller()).await;
            }
            Step::Other(of, first, is_gone) => self.other(of, first, is_gone),
            Step::Deliver => self.world.publish().await,
            Step::Root(root, is_down) => self.world.roots.set_down(usize::from(root), is_down),
            Step::Wait(seconds) => self.world.clock.advance(Duration::from_secs(seconds.into())),
            Step::Restart => {
                self.world.restart();
                self.world.verifier.resume().await;
            }
        }
        Ok(())
    }

    async fn ask(&mut self, client: u8) {
        let wanted = wanted(&alice(), &name_of(client), self.world.now().as_millis());
        let Ok(id) = self.world.verifier.request_token(wanted, &caller()).await else { return };
        let sent = self.world.post.sent().pop().map(|message| match message.errand {
            Errand::Verify { token, .. } => token.as_str().to_owned(),
            other => panic!("{other:?}"),
        });
        let before = self.clients[usize::from(client)].take();
        let known = before.filter(|(other, _)| *other == id).and_then(|(_, token)| token);
        self.clients[usize::from(client)] = Some((id, sent.or(known)));
    }

    async fn submit(&mut self, client: u8, is_right: bool) {
        let Some((id, Some(token))) = &self.clients[usize::from(client)] else { return };
        let token = if is_right { token.as_str() } else { "wrong" };
        let secret = secret(&name_of(client));
        let _ = self.world.verifier.submit(id, &secret, token, &caller()).await;
        if is_right {
            self.proved.insert(id.clone());
        }
    }

    async fn bind(&mut self, client: u8, to: Mxid) -> Result<(), TestCaseError> {
        let verifier = &self.world.verifier;
        let Some((id, _)) = &self.clients[usize::from(client)] else { return Ok(()) };
        let secret = secret(&name_of(client));
        let is_proved = self.proved.contains(id);
        let known = self.world.roots.held(&alice()).into_iter().flatten();
        let newest = known.map(|statement| statement.claim().ts()).max();
        let bound = verifier.bind(id, &secret, &to, &caller()).await;
        prop_assert!(is_proved || bound.is_err(), "bound without a session");
        if let Ok(bound) = bound {
            let (_, statement) = Statement::from_json(&bound).unwrap();
            let heard_all = self.world.roots.all_up();
            prop_assert!(!heard_all || Some(statement.claim().ts()) > newest);
            self.consented.insert(to);
        }
        Ok(())
    }

    fn other(&mut self, of: u8, first: bool, is_gone: bool) {
        let now = self.world.now();
        let statement = match is_gone {
            true => withdrawal_by("other.example", &alice(), now),
            false => statement_by("other.example", &alice(), &format!("@other{of}:o"), now),
        };
        self.world.roots.take(usize::from(first), &alice(), statement.clone());
        self.on_its_way.push((usize::from(!first), statement));
    }

    /// What everybody owes is delivered.
    async fn end(&mut self) -> Result<(), TestCaseError> {
        for root in [0, 1] {
            self.world.roots.set_down(root, false);
        }
        self.world.verifier.resume().await;
        for (root, statement) in std::mem::take(&mut self.on_its_way) {
            self.world.roots.take(root, &alice(), statement);
        }
        self.world.publish().await;
        prop_assert!(self.world.outbox.entries().unwrap().is_empty());
        let [one, other] = self.world.roots.held(&alice());
        prop_assert_eq!(&one, &other, "the roots differ");
        let owner = one.as_ref().and_then(|statement| statement.claim().mxid());
        if let Some(owner) = owner.filter(|owner| !owner.as_str().starts_with("@other")) {
            prop_assert!(self.consented.contains(owner), "{} never proved it", owner);
        }
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn roots_end_up_with_the_same_and_nobody_is_bound_without_proof(
        steps in prop::collection::vec(step(), 1..30),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async {
            let mut play = Play::new();
            for step in steps {
                play.step(step).await?;
            }
            play.end().await
        })?;
    }
}
