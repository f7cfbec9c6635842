//! One server: how it is reached, and what can be done to it.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::Duration;

use redis_servers::{FIRST_SECOND, Fsync, Server};

/// Sends one inline command to the server's port and returns what comes back at once.
fn ask(port: u16, line: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("the port is open");
    stream.write_all(format!("{line}\r\n").as_bytes()).expect("sent");
    let mut answer = [0; 1024];
    let length = stream.read(&mut answer).expect("answered");
    String::from_utf8_lossy(&answer[..length]).into_owned()
}

#[test]
fn a_server_answers_on_its_port() {
    let server = Server::builder().start();
    assert_eq!(server.cli(&["PING"]), "PONG");
    assert_eq!(ask(server.port(), "PING"), "+PONG\r\n");
    assert_eq!(server.url(), format!("redis://127.0.0.1:{}", server.port()));
    assert!(server.cli(&["INFO", "server"]).contains(&format!("process_id:{}\r", server.process_id())));
    assert!(server.cli(&["NO-SUCH-COMMAND"]).starts_with("ERR unknown command"));
    assert!(server.log().contains("Ready to accept connections"));
}

#[test]
fn a_dropped_server_leaves_nothing() {
    let server = Server::builder().start();
    let (id, port) = (server.process_id(), server.port());
    let folder = server.cli(&["CONFIG", "GET", "dir"]).lines().last().expect("a folder").to_owned();
    assert!(Path::new(&folder).is_dir());
    drop(server);
    assert!(!Path::new(&format!("/proc/{id}")).exists());
    assert!(!Path::new(&folder).exists());
    TcpStream::connect(("127.0.0.1", port)).expect_err("nobody listens");
}

#[test]
fn a_server_outlives_the_thread_that_started_it() {
    let server = thread::spawn(|| Server::builder().start()).join().expect("started");
    thread::sleep(Duration::from_millis(20));
    assert_eq!(server.cli(&["PING"]), "PONG");
}

/// Runs this test program for one of its tests alone, which never ends, and kills it.
#[test]
fn a_server_does_not_outlive_a_killed_test() {
    let folder = tempfile::tempdir().expect("a folder");
    let note = folder.path().join("process");
    let mut test = Command::new(std::env::current_exe().expect("this program"))
        .args(["--ignored", "--exact", "never_ends"])
        .env("NOTE", &note)
        // It cannot tidy up.
        .env("TMPDIR", folder.path())
        .stdout(std::process::Stdio::null())
        .spawn()
        .expect("this program runs");
    let server = (0..5000).find_map(|_| {
        thread::sleep(Duration::from_millis(1));
        fs::read_to_string(&note).ok().filter(|id| id.ends_with('.'))
    });
    let path = format!("/proc/{}", server.expect("a server was started").trim_end_matches('.'));
    assert!(Path::new(&path).exists());
    test.kill().expect("killed");
    test.wait().expect("gone");
    let gone = (0..5000).any(|_| {
        thread::sleep(Duration::from_millis(1));
        // Somebody who does not look after orphans may leave its name.
        fs::read_to_string(format!("{path}/cmdline")).unwrap_or_default().is_empty()
    });
    assert!(gone, "the server has ended");
}

#[test]
#[ignore = "another test runs this, and kills it"]
fn never_ends() {
    let Some(note) = std::env::var_os("NOTE") else { return };
    let server = Server::builder().start();
    fs::write(note, format!("{}.", server.process_id())).expect("noted");
    loop {
        thread::park();
    }
}

#[test]
fn many_servers_start_at_once() {
    let starts: Vec<_> = (0..12).map(|_| thread::spawn(|| Server::builder().start())).collect();
    let servers: Vec<_> = starts.into_iter().map(|start| start.join().expect("started")).collect();
    for server in &servers {
        assert!(ask(server.port(), "INFO server").contains(&format!("process_id:{}\r", server.process_id())));
    }
}

#[test]
fn a_killed_server_forgets_unless_it_appends_to_a_file() {
    let forgetful = Server::builder().start();
    let appending = Server::builder().append_only(Fsync::Always).start();
    for server in [&forgetful, &appending] {
        let (id, port) = (server.process_id(), server.port());
        server.cli(&["SET", "key", "value"]);
        server.kill();
        server.kill();
        TcpStream::connect(("127.0.0.1", port)).expect_err("nobody listens");
        server.start_again();
        assert_ne!(server.process_id(), id);
        assert_eq!(server.port(), port);
    }
    assert_eq!(forgetful.cli(&["GET", "key"]), "");
    assert_eq!(appending.cli(&["GET", "key"]), "value");
    appending.stop_gently();
    appending.start_again();
    assert_eq!(appending.cli(&["GET", "key"]), "value");
    assert_eq!(appending.cli(&["CONFIG", "GET", "appendfsync"]), "appendfsync\nalways");
}

#[test]
fn a_paused_server_answers_when_it_goes_on() {
    let server = Server::builder().start();
    server.pause();
    let mut stream = TcpStream::connect(("127.0.0.1", server.port())).expect("the kernel accepts");
    stream.set_read_timeout(Some(Duration::from_millis(50))).expect("a timeout");
    stream.write_all(b"PING\r\n").expect("sent");
    let mut answer = [0; 7];
    stream.read_exact(&mut answer).expect_err("no answer yet");
    server.resume();
    stream.set_read_timeout(Some(Duration::from_secs(5))).expect("a timeout");
    stream.read_exact(&mut answer).expect("answered");
    assert_eq!(&answer, b"+PONG\r\n");
    server.pause();
    server.stop_gently();
    server.start_again();
    server.pause();
    // Dropped while it is paused, it must go all the same.
}

#[test]
fn users_have_passwords_and_rules() {
    let server = Server::builder()
        .password("open \"sesame\"")
        .acl_user("shop", "se/cret", "~shop:* +@all -@dangerous")
        .databases(3)
        .start();
    assert_eq!(server.cli(&["PING"]), "PONG");
    assert!(ask(server.port(), "PING").starts_with("-NOAUTH"));
    assert!(server.url().starts_with("redis://:open%20%22sesame%22@127.0.0.1:"));
    assert_eq!(server.url_as("shop"), format!("redis://shop:se%2Fcret@127.0.0.1:{}", server.port()));
    assert!(ask(server.port(), "AUTH shop se/cret").starts_with("+OK"));
    assert!(server.cli(&["ACL", "GETUSER", "shop"]).contains("~shop:*"));
    assert_eq!(server.cli(&["SELECT", "2"]), "OK");
    assert_eq!(server.cli(&["SELECT", "3"]), "ERR DB index is out of range");
}

#[test]
fn a_unix_socket_is_an_address_too() {
    let server =
        Server::builder().unix_socket(true).password("secret").acl_user("shop", "other", "+@all").start();
    let url = server.url();
    let path =
        url.strip_prefix("unix://").and_then(|rest| rest.strip_suffix("?pass=secret")).expect("a path");
    assert!(Path::new(path).exists());
    assert!(server.url_as("shop").ends_with("?user=shop&pass=other"));
}

#[test]
fn memory_has_a_limit() {
    let server = Server::builder().max_memory(2_000_000).config("maxmemory-policy", "noeviction").start();
    let value = "x".repeat(1_000_000);
    server.cli(&["CONFIG", "RESETSTAT"]);
    let answers: Vec<_> = ["a", "b", "c"].iter().map(|key| server.cli(&["DEBUG", "NO", key])).collect();
    assert!(answers.iter().all(|answer| answer.contains("DEBUG command not allowed")));
    let script = format!("redis.call('SET', KEYS[1], string.rep('x', {}))", value.len());
    let answers: Vec<_> =
        ["a", "b", "c"].iter().map(|key| server.cli(&["EVAL", &script, "1", key])).collect();
    assert!(answers.iter().any(|answer| answer.contains("OOM")), "{answers:?}");
}

#[test]
fn tls_is_spoken_on_the_port() {
    let server = Server::builder().tls().password("secret").start();
    assert!(server.url().starts_with("rediss://:secret@127.0.0.1:"));
    let authority = server.certificate_authority();
    assert!(fs::read_to_string(&authority).expect("a certificate").contains("BEGIN CERTIFICATE"));
    let port = server.port().to_string();
    let output = Command::new("redis-cli")
        .args(["-h", "127.0.0.1", "-p", &port, "--tls", "--cacert"])
        .arg(authority)
        .arg("PING")
        .env("REDISCLI_AUTH", "secret")
        .output()
        .expect("redis-cli");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "PONG\n");
    assert_eq!(server.cli(&["PING"]), "PONG");
}

#[test]
fn a_replica_follows_its_master() {
    for master in
        [Server::builder().password("secret"), Server::builder().tls(), Server::builder().standing_clock()]
    {
        let master = master.start();
        master.cli(&["SET", "key", "value"]);
        let replica = Server::builder().replica_of(&master).start();
        assert_eq!(replica.cli(&["GET", "key"]), "value");
        master.cli(&["SET", "key", "other"]);
        let came = (0..1000).any(|_| {
            thread::sleep(Duration::from_millis(1));
            replica.cli(&["GET", "key"]) == "other"
        });
        assert!(came, "the write came to the replica");
    }
}

#[test]
fn a_standing_clock_moves_when_it_is_set() {
    let server = Server::builder().standing_clock().start();
    let time = || server.cli(&["TIME"]);
    assert_eq!(time(), format!("{FIRST_SECOND}\n500000"));
    thread::sleep(Duration::from_millis(20));
    assert_eq!(time(), format!("{FIRST_SECOND}\n500000"));
    for second in [FIRST_SECOND + 1, 4_102_444_800, 1, FIRST_SECOND] {
        server.set_clock(second);
        assert_eq!(time(), format!("{second}\n500000"));
    }
    server.kill();
    server.set_clock(FIRST_SECOND + 5);
    server.start_again();
    assert_eq!(time(), format!("{}\n500000", FIRST_SECOND + 5));
}

#[test]
fn a_standing_clock_decides_when_keys_expire() {
    let server = Server::builder().standing_clock().start();
    let end = FIRST_SECOND + 1000;
    server.cli(&["SET", "key", "value", "EXAT", &end.to_string()]);
    server.cli(&["SET", "later", "value", "EXAT", &(end + 1).to_string()]);
    server.set_clock(end - 1);
    assert_eq!(server.cli(&["GET", "key"]), "value");
    server.set_clock(end);
    thread::sleep(Duration::from_millis(250));
    assert_eq!(server.cli(&["DBSIZE"]), "2", "keys are not searched for");
    assert_eq!(
        server.cli(&["EVAL", "return redis.call('EXISTS', 'key', 'later')", "2", "key", "later"]),
        "1"
    );
    assert_eq!(server.cli(&["DBSIZE"]), "1");
    server.set_clock(FIRST_SECOND);
    assert_eq!(server.cli(&["TTL", "later"]), "1001");
}
