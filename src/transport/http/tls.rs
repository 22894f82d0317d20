//! Certificates and keys, from files that others renew.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use thiserror::Error;
use zeroize::Zeroizing;

use super::TrustStore;
use crate::transport::Stamp;

/// The longest file of certificates or keys read: the stores of whole systems have 300 kB.
const LONGEST: u64 = 4 << 20;

/// What is offered for the protocol (RFC 7301), the best first.
const PROTOCOLS: [&[u8]; 2] = [b"h2", b"http/1.1"];

/// Why TLS cannot be spoken.
#[derive(Debug, Error)]
pub enum TlsError {
    /// A file cannot be read.
    #[error("{}: {error}", file.display())]
    Read {
        /// Which.
        file: PathBuf,
        /// Why not.
        error: std::io::Error,
    },
    /// A file is longer than any such file.
    #[error("{}: longer than {LONGEST} octets", .0.display())]
    TooLong(PathBuf),
    /// A file is no PEM (RFC 7468).
    #[error("{}: {error}", file.display())]
    Pem {
        /// Which.
        file: PathBuf,
        /// In what.
        error: pem::Error,
    },
    /// A file has no certificate in it.
    #[error("{}: no certificate in it, expected `-----BEGIN CERTIFICATE-----`", .0.display())]
    NoCertificate(PathBuf),
    /// The certificate is not the key's.
    #[error("{}: a certificate for another key than that in {}", chain.display(), key.display())]
    OtherKey {
        /// The certificates.
        chain: PathBuf,
        /// The key.
        key: PathBuf,
    },
    /// The certificate or the key is not for TLS.
    #[error("{} with {}: {error}", chain.display(), key.display())]
    Unusable {
        /// The certificates.
        chain: PathBuf,
        /// The key.
        key: PathBuf,
        /// Why.
        error: rustls::Error,
    },
    /// There are no certificates to check servers with.
    #[error("no certificate of an authority is usable{}", .0.as_ref().map(|file| format!(" in {}", file.display())).unwrap_or_default())]
    NoRoots(Option<PathBuf>),
    /// The cryptography lacks what TLS needs.
    #[error("TLS: {0}")]
    Provider(rustls::Error),
}

/// Where a server's certificate and its key are, in PEM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateFiles {
    /// The server's certificate first, then those that lead to an authority.
    pub chain: PathBuf,
    /// The private key: PKCS #8, SEC 1 or PKCS #1.
    pub key: PathBuf,
}

/// The certificate of a server, which follows its files.
#[derive(Debug)]
pub struct ServerTls {
    files: CertificateFiles,
    current: ArcSwap<ServerConfig>,
    /// Of the files when they were last read, be they good or bad.
    seen: Mutex<Stamp>,
}

impl ServerTls {
    /// Reads the files.
    ///
    /// # Errors
    /// Where TLS cannot be spoken with what is in them.
    pub fn load(files: CertificateFiles) -> Result<Arc<Self>, TlsError> {
        let seen = Mutex::new(files.stamp());
        let current = ArcSwap::from_pointee(files.read()?);
        Ok(Arc::new(Self { files, current, seen }))
    }

    /// Reads the files again where they changed; says whether they did. New connections take the new
    /// certificate. It reads files: for threads that may wait.
    ///
    /// # Errors
    /// Where what is in them now is of no use: the old certificate stays, and nothing is tried again
    /// until they change again.
    pub fn refresh(&self) -> Result<bool, TlsError> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        // Taken before reading: a change meanwhile is seen the next time.
        let stamp = self.files.stamp();
        if *seen == stamp {
            return Ok(false);
        }
        *seen = stamp;
        self.current.store(Arc::new(self.files.read()?));
        Ok(true)
    }

    /// [`Self::refresh`], and what came of it told in the log.
    pub fn follow(&self) {
        let chain = self.files.chain.display();
        match self.refresh() {
            Ok(false) => {}
            Ok(true) => tracing::info!(%chain, "took a new certificate"),
            Err(error) => tracing::error!(%error, "the old certificate stays"),
        }
    }

    pub(super) fn config(&self) -> Arc<ServerConfig> {
        self.current.load_full()
    }
}

impl CertificateFiles {
    fn stamp(&self) -> Stamp {
        Stamp::of([&self.chain, &self.key])
    }

    fn read(&self) -> Result<ServerConfig, TlsError> {
        let chain = certificates(&self.chain)?;
        let key = PrivateKeyDer::from_pem_slice(&contents(&self.key)?)
            .map_err(|error| TlsError::Pem { file: self.key.clone(), error })?;
        let builder = ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .map_err(TlsError::Provider)?;
        let unusable = |error| {
            let (chain, key) = (self.chain.clone(), self.key.clone());
            match error {
                rustls::Error::InconsistentKeys(_) => TlsError::OtherKey { chain, key },
                error => TlsError::Unusable { chain, key, error },
            }
        };
        let builder = builder.with_no_client_auth();
        let mut config = builder.with_single_cert(chain, key).map_err(unusable)?;
        config.alpn_protocols = PROTOCOLS.map(<[u8]>::to_vec).into();
        Ok(config)
    }
}

/// What a client checks servers with.
pub(super) fn client_config(store: &TrustStore) -> Result<ClientConfig, TlsError> {
    let (certificates, file) = match store {
        TrustStore::System => (rustls_native_certs::load_native_certs().certs, None),
        TrustStore::File(file) => (certificates(file)?, Some(file.clone())),
    };
    let mut roots = RootCertStore::empty();
    // Systems keep some that are odd: the others do.
    let (usable, _) = roots.add_parsable_certificates(certificates);
    if usable == 0 {
        return Err(TlsError::NoRoots(file));
    }
    let builder = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(TlsError::Provider)?;
    let mut config = builder.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = PROTOCOLS.map(<[u8]>::to_vec).into();
    Ok(config)
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::aws_lc_rs::default_provider())
}

fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let pem = contents(file)?;
    let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    let certificates = read.map_err(|error| TlsError::Pem { file: file.into(), error })?;
    match certificates.is_empty() {
        true => Err(TlsError::NoCertificate(file.into())),
        false => Ok(certificates),
    }
}

/// What is in a file. It may be a key.
fn contents(file: &Path) -> Result<Zeroizing<Vec<u8>>, TlsError> {
    let refused = |error| TlsError::Read { file: file.into(), error };
    let opened = fs::File::open(file).map_err(refused)?;
    let mut octets = Zeroizing::new(Vec::new());
    opened.take(LONGEST + 1).read_to_end(&mut octets).map_err(refused)?;
    match octets.len() as u64 > LONGEST {
        true => Err(TlsError::TooLong(file.into())),
        false => Ok(octets),
    }
}
