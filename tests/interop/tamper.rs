//! A server that answers for another one and changes one bit of what it says.

use std::net::{SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use threepid::wire::rdata::Rrsig;
use threepid::wire::{Message, Rdata, Record, Rtype};

/// Where a bit is flipped: in the first record of a type, or the first signature over it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Flip {
    /// The type of the record, or of what the signature covers.
    pub(crate) rtype: Rtype,
    /// Whether the signature is hit rather than the record.
    pub(crate) signature: bool,
    /// Which bit, counted from the end of the RDATA.
    pub(crate) bit_from_end: usize,
}

impl Flip {
    fn hits(self, record: &Record) -> bool {
        if self.signature {
            let covered = Rrsig::parse(&record.rdata).map(|rrsig| rrsig.type_covered);
            record.rtype == Rtype::RRSIG && covered == Ok(self.rtype)
        } else {
            record.rtype == self.rtype
        }
    }

    /// Flips the bit in every record that it means; says how many.
    fn apply(self, message: &mut Message) -> usize {
        let records = message.answer.iter_mut().chain(&mut message.authority);
        let hit: Vec<_> = records.filter(|record| self.hits(record)).collect();
        let count = hit.len();
        for record in hit {
            let mut octets = record.rdata.octets().to_vec();
            let at = octets.len() - 1 - (self.bit_from_end / 8) % octets.len();
            octets[at] ^= 1 << (self.bit_from_end % 8);
            record.rdata = Rdata::new(octets).expect("as long as before");
        }
        count
    }
}

/// What `origin` answers. Each question has a socket of its own: a late answer disturbs nobody.
fn ask(origin: SocketAddr, question: &[u8]) -> Option<Message> {
    let socket = UdpSocket::bind("127.0.0.1:0").ok()?;
    socket.set_read_timeout(Some(Duration::from_secs(5))).ok()?;
    socket.connect(origin).ok()?;
    socket.send(question).ok()?;
    let mut answer = [0; 4096];
    let length = socket.recv(&mut answer).ok()?;
    Message::decode(&answer[..length]).ok()
}

/// The server in between; it ends when dropped.
pub(crate) struct Tamperer {
    shared: Arc<Shared>,
    address: SocketAddr,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    flip: Mutex<Option<Flip>>,
    hits: AtomicUsize,
    stop: AtomicBool,
}

impl Tamperer {
    /// Answers at `address` with what `origin` answers, honestly so far.
    pub(crate) fn start(address: SocketAddr, origin: SocketAddr) -> Self {
        let front = UdpSocket::bind(address).expect("the address is free in this namespace");
        let shared = Arc::<Shared>::default();
        let inside = Arc::clone(&shared);
        let thread = std::thread::spawn(move || inside.serve(&front, origin));
        Self { shared, address, thread: Some(thread) }
    }

    /// Changes what it does from here on, and counts anew.
    pub(crate) fn set(&self, flip: Option<Flip>) {
        *self.shared.flip.lock().expect("nobody panics with it") = flip;
        self.shared.hits.store(0, Ordering::SeqCst);
    }

    /// How many records were changed.
    pub(crate) fn hits(&self) -> usize {
        self.shared.hits.load(Ordering::SeqCst)
    }
}

impl Shared {
    fn serve(&self, front: &UdpSocket, origin: SocketAddr) {
        let mut packet = [0; 4096];
        loop {
            let received = front.recv_from(&mut packet);
            if self.stop.load(Ordering::SeqCst) {
                return;
            }
            let Ok((length, from)) = received else { continue };
            // What is lost on the way is asked for again.
            let Some(mut message) = ask(origin, &packet[..length]) else { continue };
            let flip = *self.flip.lock().expect("nobody panics with it");
            let hit = flip.map_or(0, |flip| flip.apply(&mut message));
            self.hits.fetch_add(hit, Ordering::SeqCst);
            let _ = front.send_to(&message.encode(), from);
        }
    }
}

impl Drop for Tamperer {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::SeqCst);
        let waker = UdpSocket::bind("127.0.0.1:0").expect("a port is free");
        waker.send_to(&[0], self.address).expect("loopback");
        let ended = self.thread.take().expect("joined once").join();
        assert!(ended.is_ok() || std::thread::panicking(), "the tamperer panicked");
    }
}
