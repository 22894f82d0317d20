//! Messages on a stream: each behind its length (RFC 1035 section 4.2.2).

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt};

/// The octets of a message's length.
pub(super) const PREFIX: usize = 2;

/// What a stream gave.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// A message.
    Message(Vec<u8>),
    /// The end, between two messages.
    End,
    /// The length of a message that is longer than allowed. The stream is of no use any more.
    TooLong(u16),
}

/// Reads the next message.
///
/// # Errors
/// Those of the stream; it may also end inside of a message.
pub(super) async fn read(stream: &mut (impl AsyncRead + Unpin), most: usize) -> io::Result<Next> {
    let mut prefix = [0; PREFIX];
    if stream.read(&mut prefix[..1]).await? == 0 {
        return Ok(Next::End);
    }
    stream.read_exact(&mut prefix[1..]).await?;
    let length = u16::from_be_bytes(prefix);
    if usize::from(length) > most {
        return Ok(Next::TooLong(length));
    }
    let mut message = vec![0; length.into()];
    stream.read_exact(&mut message).await?;
    Ok(Next::Message(message))
}

/// Adds a message behind its length. One of more than 65,535 octets is none, and left out.
pub(super) fn append(message: &[u8], to: &mut Vec<u8>) {
    if let Ok(length) = u16::try_from(message.len()) {
        to.extend(length.to_be_bytes());
        to.extend_from_slice(message);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn messages_follow_each_other() {
        let mut octets = Vec::new();
        append(b"first", &mut octets);
        append(b"", &mut octets);
        append(&[0; 70_000], &mut octets);
        let mut stream = &octets[..];
        assert_eq!(read(&mut stream, 5).await.unwrap(), Next::Message(b"first".to_vec()));
        assert_eq!(read(&mut stream, 5).await.unwrap(), Next::Message(Vec::new()));
        assert_eq!(read(&mut stream, 5).await.unwrap(), Next::End);
    }

    #[tokio::test]
    async fn broken_streams() {
        assert_eq!(read(&mut &b"\x00\x06longer"[..], 5).await.unwrap(), Next::TooLong(6));
        for cut in [&b"\x00"[..], b"\x00\x02a"] {
            let error = read(&mut &*cut, 5).await.unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
        }
    }
}
