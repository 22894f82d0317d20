//! A mail server that keeps what it takes.

use std::net::SocketAddr;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::timeout;

use super::PATIENCE;

/// A mail that was taken.
#[derive(Debug)]
pub(crate) struct Mail {
    /// Whom it is for.
    pub(crate) to: String,
    /// The header and the content, as they came.
    pub(crate) text: String,
}

/// The mail server, until it is dropped.
pub(crate) struct Sink {
    pub(crate) address: SocketAddr,
    mails: UnboundedReceiver<Mail>,
}

impl Sink {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        let (taken, mails) = unbounded_channel();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(converse(stream, taken.clone()));
            }
        });
        Self { address, mails }
    }

    /// Sees that no other mail has come.
    pub(crate) fn is_empty(&mut self) {
        let next = self.mails.try_recv();
        assert!(next.is_err(), "{next:?}");
    }

    /// The next mail, which is for `to`.
    pub(crate) async fn next(&mut self, to: &str) -> Mail {
        let next = timeout(PATIENCE, self.mails.recv()).await;
        let mail = next.expect("a mail comes").expect("the server runs");
        assert_eq!(mail.to, to);
        mail
    }
}

impl Mail {
    /// The link in it that starts like this.
    pub(crate) fn link(&self, start: &str) -> String {
        // The lines of text in quoted-printable end in `=` where they go on (RFC 2045 section 6.7).
        let text = self.text.replace("=\r\n", "").replace("=3D", "=");
        let at = text.find(start).unwrap_or_else(|| panic!("no link to {start} in {text}"));
        let end = |character: char| character.is_whitespace() || "\"<>".contains(character);
        text[at..].split(end).next().expect("there is a first part").to_owned()
    }
}

/// Takes mails from a client until it goes (RFC 5321).
async fn converse(stream: TcpStream, taken: UnboundedSender<Mail>) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    let mut to = String::new();
    stream.write_all(b"220 sink\r\n").await?;
    let mut line = String::new();
    while stream.read_line(&mut line).await? > 0 {
        let word = line.get(..4).unwrap_or_default().to_ascii_uppercase();
        let answer = match word.as_str() {
            "RCPT" => {
                to = line.split(['<', '>']).nth(1).unwrap_or_default().to_owned();
                "250 taken"
            }
            "DATA" => {
                stream.write_all(b"354 go on\r\n").await?;
                let text = content(&mut stream).await?;
                let _ = taken.send(Mail { to: to.clone(), text });
                "250 taken"
            }
            "QUIT" => "221 bye",
            _ => "250 sink",
        };
        stream.write_all(format!("{answer}\r\n").as_bytes()).await?;
        line.clear();
    }
    Ok(())
}

/// The lines up to a single dot, without the dots before others.
async fn content(stream: &mut BufReader<TcpStream>) -> std::io::Result<String> {
    let mut text = String::new();
    let mut line = String::new();
    while stream.read_line(&mut line).await? > 0 && line != ".\r\n" {
        text.push_str(line.strip_prefix('.').unwrap_or(&line));
        line.clear();
    }
    Ok(text)
}
