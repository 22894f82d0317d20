//! Mail goes to a server that this test plays.

use std::net::SocketAddr;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

use super::*;
use crate::threepid::Threepid;
use crate::verification::{Errand, Token};

fn settings(at: SocketAddr) -> MailSettings {
    MailSettings {
        host: at.ip().to_string(),
        port: at.port(),
        security: Security::None,
        login: None,
        ca_file: None,
        from: "Verification <verify@example.com>".to_owned(),
        timeout: Duration::from_secs(20),
    }
}

fn message(to: &str) -> Message {
    let token = Token::kept("c0ffee".to_owned());
    let link = Some("https://verify.example/?token=c0ffee".to_owned());
    let to = Threepid::parse_any(to, None).unwrap();
    Message { to, errand: Errand::Verify { token, link, user: None } }
}

/// Takes one mail, answers its recipient with `answer`, and gives what was said.
async fn take(listener: TcpListener, answer: &str) -> String {
    let (stream, _) = listener.accept().await.unwrap();
    let (mut stream, mut said, mut in_data) = (BufReader::new(stream), String::new(), false);
    reply(&mut stream, "220 sink").await;
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await.unwrap() == 0 {
            return said;
        }
        said.push_str(&line);
        let verb = line.split([' ', ':', '\r']).next().unwrap_or_default().to_owned();
        match verb.as_str() {
            _ if in_data && line == ".\r\n" => {
                in_data = false;
                reply(&mut stream, "250 taken").await;
            }
            _ if in_data => {}
            "DATA" => {
                in_data = true;
                reply(&mut stream, "354 go on").await;
            }
            "RCPT" => reply(&mut stream, answer).await,
            "QUIT" => return said,
            _ => reply(&mut stream, "250 sink").await,
        }
    }
}

async fn reply(stream: &mut BufReader<TcpStream>, line: &str) {
    stream.write_all(format!("{line}\r\n").as_bytes()).await.unwrap();
}

/// Sends one mail; gives what came of it, and what the server heard.
fn send(to: &str, answer: &'static str) -> (Result<(), CourierError>, String) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mail = Mail::new(settings(listener.local_addr().unwrap()), Texts::default()).unwrap();
        let heard = tokio::spawn(take(listener, answer));
        let sent = mail.send(&message(to)).await;
        drop(mail);
        (sent, heard.await.unwrap())
    })
}

#[test]
fn a_mail_goes_out() {
    let (sent, heard) = send("alice@example.org", "250 ok");
    assert_eq!(sent, Ok(()));
    assert!(heard.contains("MAIL FROM:<verify@example.com>"), "{heard}");
    assert!(heard.contains("RCPT TO:<alice@example.org>"), "{heard}");
    for part in ["Subject: Confirm your email address", "text/plain", "text/html", "c0ffee"] {
        assert!(heard.contains(part), "{part} in {heard}");
    }
}

#[test]
fn what_a_server_refuses_is_told_without_the_address() {
    let (sent, _) = send("alice@example.org", "550 no <alice@example.org> here");
    assert_eq!(sent, Err(CourierError::Refused("the mail server answers 550".to_owned())));
    let (sent, _) = send("alice@example.org", "451 later, alice@example.org");
    assert_eq!(sent, Err(CourierError::Failed("the mail server answers 451".to_owned())));
}

#[test]
fn phones_get_no_mail() {
    let at = "127.0.0.1:1".parse().unwrap();
    let mail = Mail::new(settings(at), Texts::default()).unwrap();
    let composed = mail.compose(&message("+447700900123"));
    assert_eq!(composed.unwrap_err(), CourierError::Refused("mail does not go there".to_owned()));
}

#[test]
fn international_addresses_are_composed() {
    let mail = Mail::new(settings("127.0.0.1:1".parse().unwrap()), Texts::default()).unwrap();
    assert!(mail.compose(&message("jürgen@bücher.example")).is_ok());
}

#[test]
fn settings_that_cannot_be() {
    let local: SocketAddr = "127.0.0.1:25".parse().unwrap();
    let told = |settings| Mail::new(settings, Texts::default()).unwrap_err().to_string();
    let remote = MailSettings { host: "mail.example".to_owned(), ..settings(local) };
    assert!(told(remote).contains("loopback"));
    let nobody = MailSettings { from: "nobody".to_owned(), ..settings(local) };
    assert!(told(nobody).contains("is no sender"));
    let file = Some("/nowhere.pem".into());
    let tls = MailSettings { security: Security::Tls, ca_file: file, ..settings(local) };
    assert!(told(tls).contains("/nowhere.pem"));
}
