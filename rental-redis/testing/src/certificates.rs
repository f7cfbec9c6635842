//! A private certificate authority, and a certificate for servers on the loopback address.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use tempfile::TempDir;

/// Certificates that are deleted with the last server that uses them.
#[derive(Clone, Debug)]
pub(crate) struct Certificates(Arc<TempDir>);

impl Certificates {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder for certificates");
        openssl(
            folder.path(),
            "-keyout ca.key -out ca.crt -subj /CN=tests -addext basicConstraints=critical,CA:TRUE \
             -addext keyUsage=critical,keyCertSign",
        );
        openssl(
            folder.path(),
            "-keyout server.key -out server.crt -subj /CN=localhost -CA ca.crt -CAkey ca.key \
             -addext basicConstraints=critical,CA:FALSE -addext subjectAltName=DNS:localhost,IP:127.0.0.1",
        );
        Self(Arc::new(folder))
    }

    pub(crate) fn authority(&self) -> PathBuf {
        self.0.path().join("ca.crt")
    }

    pub(crate) fn certificate(&self) -> PathBuf {
        self.0.path().join("server.crt")
    }

    pub(crate) fn key(&self) -> PathBuf {
        self.0.path().join("server.key")
    }
}

fn openssl(folder: &Path, options: &str) {
    let output = Command::new("openssl")
        .args("req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 3650".split(' '))
        .args(options.split_whitespace())
        .current_dir(folder)
        .output()
        .expect("openssl is not installed; apt-get install openssl");
    assert!(output.status.success(), "openssl: {}", String::from_utf8_lossy(&output.stderr));
}
