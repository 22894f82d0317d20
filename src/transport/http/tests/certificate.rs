//! Certificates that are renewed under a server.

use super::*;

#[test]
fn files_are_followed_and_bad_ones_are_not() {
    let certificate = Certificate::new(&["localhost"]);
    let tls = certificate.tls();
    let first = tls.config();
    assert!(!tls.refresh().unwrap(), "nothing changed");
    certificate.renew(&["localhost"]);
    assert!(tls.refresh().unwrap());
    let second = tls.config();
    assert!(!Arc::ptr_eq(&first, &second));

    std::fs::write(&certificate.files.chain, "no certificate").unwrap();
    assert!(matches!(tls.refresh(), Err(TlsError::NoCertificate(_))));
    assert!(Arc::ptr_eq(&second, &tls.config()), "the old one stays");
    assert!(!tls.refresh().unwrap(), "told once");
    std::fs::remove_file(&certificate.files.chain).unwrap();
    assert!(matches!(tls.refresh(), Err(TlsError::Read { .. })));
    certificate.renew(&["localhost"]);
    assert!(tls.refresh().unwrap(), "good again");
}

#[test]
fn a_certificate_of_another_key_is_refused() {
    let [certificate, other] = [(); 2].map(|()| Certificate::new(&["localhost"]));
    std::fs::copy(&other.files.key, &certificate.files.key).unwrap();
    let error = ServerTls::load(certificate.files.clone()).unwrap_err();
    assert!(matches!(error, TlsError::OtherKey { .. }), "{error}");
    std::fs::write(&certificate.files.key, vec![b'a'; 5 << 20]).unwrap();
    let error = ServerTls::load(certificate.files.clone()).unwrap_err();
    assert!(matches!(error, TlsError::TooLong(_)), "{error}");
    let error = HttpClient::new(&TrustStore::File(other.files.key), ClientLimits::default());
    assert!(matches!(error, Err(TlsError::NoCertificate(_))));
}

#[tokio::test]
async fn a_running_server_takes_a_new_certificate() {
    let [old, new] = [(); 2].map(|()| Certificate::new(&["localhost"]));
    let limits = Limits { certificate_check: SHORT / 10, ..Limits::default() };
    let served = Served::start(Some(old.tls()), limits).await;
    let request = || echo(served.url("https", "/echo"), "x");
    assert!(old.client().fetch(request()).await.is_ok());
    assert!(matches!(new.client().fetch(request()).await, Err(FetchError::Tls { .. })));

    std::fs::copy(&new.files.key, &old.files.key).unwrap();
    std::fs::copy(&new.files.chain, &old.files.chain).unwrap();
    let taken = async {
        while new.client().fetch(request()).await.is_err() {
            tokio::task::yield_now().await;
        }
    };
    timeout(SOON, taken).await.expect("the new one is taken");
}
