//! Where the server is, and how to talk to it.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use percent_encoding::percent_decode_str;
use redis::cluster::ClusterClient;
use redis::sentinel::{SentinelClientBuilder, SentinelServerType};
use redis::{Client, ConnectionAddr, IntoConnectionInfo, TlsCertificates, TlsMode};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Mutex;

use crate::link::Source;

/// How a shop on Redis is reached.
#[derive(Debug, Clone)]
pub struct RedisConfig {
    /// `redis://`, `rediss://` (TLS), `unix://`, `redis-sentinel://host,host/master` or `redis-cluster://host,host`, the
    /// last two also as `rediss-…`. May hold a user and a password, and a database number after the host.
    pub uri: SecretString,
    /// Prefix of all keys: 1 to 32 of `A-Z a-z 0-9 . _ -`. Required on a cluster, where it is the hash tag.
    pub namespace: Option<String>,
    /// How long one call may take, reconnecting included.
    pub time_limit: Duration,
    /// How many replicas confirm a change before it counts as done; 0 asks none.
    pub wait_replicas: u32,
    /// Certificates (PEM) that sign the server's, when the system does not know them.
    pub ca_file: Option<PathBuf>,
    /// Password of the sentinels, when they have one of their own.
    pub sentinel_password: Option<SecretString>,
}

impl RedisConfig {
    /// The shop without a namespace at `uri`, with the usual settings: five seconds, no waiting for replicas.
    pub fn new(uri: impl Into<SecretString>) -> Self {
        Self {
            uri: uri.into(),
            namespace: None,
            time_limit: Duration::from_secs(5),
            wait_replicas: 0,
            ca_file: None,
            sentinel_password: None,
        }
    }

    /// In the namespace `name`.
    #[must_use]
    pub fn in_namespace(self, name: impl Into<String>) -> Self {
        Self { namespace: Some(name.into()), ..self }
    }

    /// Checks what can be checked without connecting.
    ///
    /// # Errors
    /// [`RedisConfigError`].
    pub fn validate(&self) -> Result<(), RedisConfigError> {
        let place = Place::parse(self.uri.expose_secret())?;
        if let Some(name) = &self.namespace {
            let allowed = |b: u8| b.is_ascii_alphanumeric() || b"._-".contains(&b);
            if !(1..=32).contains(&name.len()) || !name.bytes().all(allowed) {
                return Err(RedisConfigError::Namespace);
            }
        } else if place.kind == Kind::Cluster {
            return Err(RedisConfigError::NoNamespace);
        }
        if self.time_limit < Duration::from_millis(100) {
            return Err(RedisConfigError::TimeLimit);
        }
        Ok(())
    }

    /// Whether the shop is on a cluster.
    pub(crate) fn is_clustered(&self) -> bool {
        Place::parse(self.uri.expose_secret()).is_ok_and(|place| place.kind == Kind::Cluster)
    }

    /// The source of connections.
    pub(crate) fn source(&self) -> Result<Source, RedisConfigError> {
        let uri = self.uri.expose_secret();
        let place = Place::parse(uri)?;
        let certificates = self.certificates()?;
        if place.tls {
            // Fails when the program has chosen its cryptography already, which is as good.
            drop(rustls::crypto::aws_lc_rs::default_provider().install_default());
        }
        let bad = |error: redis::RedisError| RedisConfigError::Uri(reason(&error));
        Ok(match place.kind {
            Kind::Server => Source::Server(Box::new(match certificates {
                Some(certificates) if place.tls => Client::build_with_tls(uri, certificates).map_err(bad)?,
                _ => Client::open(uri).map_err(bad)?,
            })),
            Kind::Sentinel => Source::Sentinel(Box::new(Mutex::new(
                self.sentinel(&place, certificates).and_then(SentinelClientBuilder::build).map_err(bad)?,
            ))),
            Kind::Cluster => Source::Cluster(Box::new(self.cluster(&place, certificates).map_err(bad)?)),
        })
    }

    fn certificates(&self) -> Result<Option<TlsCertificates>, RedisConfigError> {
        let Some(file) = &self.ca_file else { return Ok(None) };
        let unreadable =
            |error: std::io::Error| RedisConfigError::CaFile { file: file.clone(), why: error.to_string() };
        let root_cert = Some(std::fs::read(file).map_err(unreadable)?);
        Ok(Some(TlsCertificates { client_tls: None, root_cert }))
    }

    fn sentinel(
        &self,
        place: &Place,
        certificates: Option<TlsCertificates>,
    ) -> redis::RedisResult<SentinelClientBuilder> {
        let hosts = place.hosts.iter().map(|(host, port)| {
            let (host, port) = (host.clone(), *port);
            if place.tls {
                ConnectionAddr::TcpTls { host, port, insecure: false, tls_params: None }
            } else {
                ConnectionAddr::Tcp(host, port)
            }
        });
        let mut builder =
            SentinelClientBuilder::new(hosts, place.master.as_str(), SentinelServerType::Master)?
                .set_client_to_redis_db(place.database);
        if let Some(user) = &place.user {
            builder = builder.set_client_to_redis_username(user);
        }
        if let Some(password) = &place.password {
            builder = builder.set_client_to_redis_password(password.expose_secret());
        }
        if let Some(password) = &self.sentinel_password {
            builder = builder.set_client_to_sentinel_password(password.expose_secret());
        }
        if place.tls {
            builder = builder.set_client_to_redis_tls_mode(TlsMode::Secure);
            if let Some(certificates) = certificates {
                builder = builder
                    .set_client_to_sentinel_certificates(certificates.clone())
                    .set_client_to_redis_certificates(certificates);
            }
        }
        Ok(builder)
    }

    fn cluster(
        &self,
        place: &Place,
        certificates: Option<TlsCertificates>,
    ) -> redis::RedisResult<ClusterClient> {
        let scheme = if place.tls { "rediss" } else { "redis" };
        let hosts = place.hosts.iter().map(|(host, port)| format!("{scheme}://{host}:{port}"));
        let infos = hosts.map(IntoConnectionInfo::into_connection_info).collect::<Result<Vec<_>, _>>()?;
        let mut builder = ClusterClient::builder(infos)
            .connection_timeout(self.time_limit / 2)
            .response_timeout(self.time_limit)
            .retries(0);
        if let Some(user) = &place.user {
            builder = builder.username(user);
        }
        if let Some(password) = &place.password {
            builder = builder.password(password.expose_secret());
        }
        if place.tls {
            builder = builder.tls(TlsMode::Secure);
            if let Some(certificates) = certificates {
                builder = builder.certs(certificates);
            }
        }
        builder.build()
    }
}

/// What is wrong with the configuration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RedisConfigError {
    /// The URI is of no kind that is known.
    #[error(
        "REDIS_URI is not understood; write redis://, rediss://, unix://, redis-sentinel://host,host/master or \
         redis-cluster://host,host"
    )]
    Scheme,
    /// The URI is broken.
    #[error("REDIS_URI is not understood: {0}")]
    Uri(String),
    /// A cluster needs a namespace.
    #[error("REDIS_NAMESPACE is not set; a cluster needs it, to keep the keys of one shop together")]
    NoNamespace,
    /// The namespace has other letters.
    #[error("REDIS_NAMESPACE is 1 to 32 letters, digits or . _ -")]
    Namespace,
    /// The time limit is too short to be kept.
    #[error("the time limit of Redis calls must be at least 100 ms")]
    TimeLimit,
    /// The certificates cannot be read.
    #[error("the certificates in {file} cannot be read: {why}")]
    CaFile {
        /// The file.
        file: PathBuf,
        /// Why.
        why: String,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Server,
    Sentinel,
    Cluster,
}

/// A URI, taken apart as far as the client library does not do it.
struct Place {
    kind: Kind,
    tls: bool,
    user: Option<String>,
    password: Option<SecretString>,
    hosts: Vec<(String, u16)>,
    master: String,
    database: i64,
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Place").field("kind", &self.kind).field("hosts", &self.hosts).finish_non_exhaustive()
    }
}

impl Place {
    fn parse(uri: &str) -> Result<Self, RedisConfigError> {
        let (scheme, rest) = uri.split_once("://").ok_or(RedisConfigError::Scheme)?;
        let (kind, tls, port) = match scheme {
            "redis" | "valkey" | "unix" | "redis+unix" => (Kind::Server, false, 6379),
            "rediss" | "valkeys" => (Kind::Server, true, 6379),
            "redis-sentinel" => (Kind::Sentinel, false, 26379),
            "rediss-sentinel" => (Kind::Sentinel, true, 26379),
            "redis-cluster" => (Kind::Cluster, false, 6379),
            "rediss-cluster" => (Kind::Cluster, true, 6379),
            _ => return Err(RedisConfigError::Scheme),
        };
        let mut place = Self {
            kind,
            tls,
            user: None,
            password: None,
            hosts: Vec::new(),
            master: String::new(),
            database: 0,
        };
        if kind == Kind::Server {
            // The library takes the rest apart; a typo shows here.
            uri.into_connection_info().map_err(|error| RedisConfigError::Uri(reason(&error)))?;
            return Ok(place);
        }
        let (login, rest) = rest.rsplit_once('@').map_or((None, rest), |(login, rest)| (Some(login), rest));
        if let Some(login) = login {
            let (user, password) = login.split_once(':').unwrap_or(("", login));
            place.user = Some(decoded(user)?).filter(|user| !user.is_empty());
            place.password = Some(SecretString::from(decoded(password)?));
        }
        let (hosts, path) = rest.split_once('/').unwrap_or((rest, ""));
        for host in hosts.split(',') {
            place.hosts.push(address(host, port)?);
        }
        let broken = |why: &str| RedisConfigError::Uri(why.to_owned());
        let (name, database) = path.split_once('/').unwrap_or((path, ""));
        match kind {
            Kind::Sentinel if name.is_empty() => {
                return Err(broken("the master's name is missing after the hosts, as in …/mymaster"));
            }
            Kind::Sentinel => name.clone_into(&mut place.master),
            _ if path.trim_matches('/').is_empty() => {}
            _ => return Err(broken("a cluster has no database numbers")),
        }
        if !database.is_empty() {
            place.database = database.parse().map_err(|_| broken("the database is not a number"))?;
        }
        Ok(place)
    }
}

fn decoded(text: &str) -> Result<String, RedisConfigError> {
    let decoded = percent_decode_str(text).decode_utf8();
    decoded.map(Into::into).map_err(|_| RedisConfigError::Uri("the login is not UTF-8".to_owned()))
}

/// `host`, `host:port` or `[v6]:port`.
fn address(text: &str, default_port: u16) -> Result<(String, u16), RedisConfigError> {
    let broken = || RedisConfigError::Uri("a host is written host:port".to_owned());
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => {
            let (host, port) = rest.split_once(']').ok_or_else(broken)?;
            (host, port.strip_prefix(':'))
        }
        None => text.split_once(':').map_or((text, None), |(host, port)| (host, Some(port))),
    };
    let port = port.map_or(Ok(default_port), |port| port.parse().map_err(|_| broken()))?;
    if host.is_empty() { Err(broken()) } else { Ok((host.to_owned(), port)) }
}

/// The library's reason, which names the rule and not the URI.
fn reason(error: &redis::RedisError) -> String {
    error.detail().map_or_else(|| error.to_string(), ToOwned::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(uri: &str, namespace: Option<&str>) -> Result<(), RedisConfigError> {
        let config = RedisConfig { namespace: namespace.map(ToOwned::to_owned), ..RedisConfig::new(uri) };
        config.validate()
    }

    #[test]
    fn every_kind_of_uri_is_understood() {
        for uri in [
            "redis://h",
            "redis://:secret@h:7/3",
            "redis://user:secret@[::1]:7",
            "rediss://h",
            "unix:///run/redis.sock?db=2",
            "redis-sentinel://a,b:1/shop",
            "redis-sentinel://u:p%40ss@a:1,b:2/shop/4",
            "rediss-sentinel://a/shop",
        ] {
            assert_eq!(check(uri, None), Ok(()), "{uri}");
        }
        assert_eq!(check("redis-cluster://a,b:7001", Some("shop")), Ok(()));
        let place = Place::parse("redis-sentinel://u:p%40ss@a:1,[::1]:2/shop/4").expect("understood");
        assert_eq!(place.hosts, [("a".to_owned(), 1), ("::1".to_owned(), 2)]);
        assert_eq!((place.master.as_str(), place.database), ("shop", 4));
        assert_eq!(place.password.expect("there is one").expose_secret(), "p@ss");
    }

    #[test]
    fn a_wrong_setting_is_refused_before_anything_is_connected() {
        assert_eq!(check("http://h", None), Err(RedisConfigError::Scheme));
        assert_eq!(check("h:6379", None), Err(RedisConfigError::Scheme));
        assert!(matches!(check("redis://h:x", None), Err(RedisConfigError::Uri(_))));
        assert!(matches!(check("redis-sentinel://a,b", None), Err(RedisConfigError::Uri(_))));
        assert!(matches!(check("redis-cluster://a/1", Some("s")), Err(RedisConfigError::Uri(_))));
        assert!(matches!(check("redis-cluster://a:b", Some("s")), Err(RedisConfigError::Uri(_))));
        assert_eq!(check("redis-cluster://a", None), Err(RedisConfigError::NoNamespace));
        assert_eq!(check("redis://h", Some("a b")), Err(RedisConfigError::Namespace));
        assert_eq!(check("redis://h", Some("{a}")), Err(RedisConfigError::Namespace));
    }

    #[test]
    fn no_text_shows_the_password() {
        let config = RedisConfig::new("redis://user:secret@h:x");
        assert!(
            !format!("{config:?} {}", config.validate().expect_err("the port is wrong")).contains("secret")
        );
    }
}
