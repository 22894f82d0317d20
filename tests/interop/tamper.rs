//! A server that answers for another one and changes one bit of what it says.

use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
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

/// The server in between; it ends when dropped.
pub(crate) struct Tamperer {
    stop: Arc<AtomicBool>,
    hits: Arc<AtomicUsize>,
    address: SocketAddr,
    thread: Option<JoinHandle<()>>,
}

impl Tamperer {
    /// Answers at `address` with what `origin` answers, changed by `flip`.
    pub(crate) fn start(address: SocketAddr, origin: SocketAddr, flip: Option<Flip>) -> Self {
        let front = UdpSocket::bind(address).expect("the address is free in this namespace");
        let back = UdpSocket::bind("127.0.0.1:0").expect("a port is free");
        back.connect(origin).expect("loopback");
        back.set_read_timeout(Some(Duration::from_secs(5))).expect("a timeout");
        let (stop, hits) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let (stopped, counted) = (Arc::clone(&stop), Arc::clone(&hits));
        let thread = std::thread::spawn(move || {
            let mut packet = [0; 4096];
            loop {
                let Ok((length, from)) = front.recv_from(&mut packet) else { continue };
                if stopped.load(Ordering::SeqCst) {
                    return;
                }
                back.send(&packet[..length]).expect("the origin listens");
                let length = back.recv(&mut packet).expect("the origin answers");
                let mut message = Message::decode(&packet[..length]).expect("our own message");
                let hit = flip.map_or(0, |flip| flip.apply(&mut message));
                counted.fetch_add(hit, Ordering::SeqCst);
                let _ = front.send_to(&message.encode(), from);
            }
        });
        Self { stop, hits, address, thread: Some(thread) }
    }

    /// How many records were changed.
    pub(crate) fn hits(&self) -> usize {
        self.hits.load(Ordering::SeqCst)
    }
}

impl Drop for Tamperer {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        let waker = UdpSocket::bind("127.0.0.1:0").expect("a port is free");
        waker.send_to(&[0], self.address).expect("loopback");
        let thread = self.thread.take().expect("joined once");
        thread.join().expect("the tamperer does not panic");
    }
}
