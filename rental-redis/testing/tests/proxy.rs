//! A proxy before a server: every fault as a client sees it.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::Duration;

use redis_servers::{Proxy, Server};

struct Client(TcpStream);

impl Client {
    fn of(proxy: &Proxy) -> Self {
        let stream = TcpStream::connect(proxy.address()).expect("the proxy listens");
        stream.set_read_timeout(Some(Duration::from_secs(10))).expect("a timeout");
        Self(stream)
    }

    fn send(&mut self, words: &[&str]) {
        // A closed connection shows itself when an answer is read.
        let _ = self.0.write_all(request(words).as_bytes());
    }

    /// The answer, or nothing when the connection was closed.
    fn receive(&mut self) -> String {
        let mut answer = [0; 1024];
        match self.0.read(&mut answer) {
            Ok(length) => String::from_utf8_lossy(&answer[..length]).into_owned(),
            Err(error) if error.kind() == ErrorKind::ConnectionReset => String::new(),
            Err(error) => panic!("{error}"),
        }
    }

    fn ask(&mut self, words: &[&str]) -> String {
        self.send(words);
        self.receive()
    }

    fn hears_nothing(&mut self) {
        self.0.set_read_timeout(Some(Duration::from_millis(40))).expect("a timeout");
        let error = self.0.read(&mut [0; 1]).expect_err("nothing is to be heard");
        assert!(matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut), "{error}");
        self.0.set_read_timeout(Some(Duration::from_secs(10))).expect("a timeout");
    }
}

fn request(words: &[&str]) -> String {
    words.iter().fold(format!("*{}\r\n", words.len()), |request, word| {
        request + &format!("${}\r\n{word}\r\n", word.len())
    })
}

fn before_a_server() -> (Server, Proxy) {
    let server = Server::builder().start();
    let proxy = Proxy::before(&server);
    (server, proxy)
}

#[test]
fn without_faults_everything_passes() {
    let (server, proxy) = before_a_server();
    assert_eq!(proxy.url(), format!("redis://{}", proxy.address()));
    let mut client = Client::of(&proxy);
    assert_eq!(client.ask(&["PING"]), "+PONG\r\n");
    let large = "x".repeat(300_000);
    assert_eq!(client.ask(&["SET", "large", &large]), "+OK\r\n");
    client.send(&["GET", "large"]);
    let mut answer = vec![0; large.len() + 11];
    client.0.read_exact(&mut answer).expect("all of it");
    assert_eq!(String::from_utf8_lossy(&answer), format!("$300000\r\n{large}\r\n"));
    let mut inline = Client::of(&proxy);
    inline.0.write_all(b"PING\r\n").expect("sent");
    assert_eq!(inline.receive(), "+PONG\r\n");
    server.kill();
    assert_eq!(client.receive(), "", "an end passes too");
    assert_eq!(Client::of(&proxy).ask(&["PING"]), "");
    server.start_again();
    assert_eq!(Client::of(&proxy).ask(&["PING"]), "+PONG\r\n");
}

#[test]
fn refused_clients_are_closed_and_present_ones_stay() {
    let (_server, proxy) = before_a_server();
    let mut present = Client::of(&proxy);
    assert_eq!(present.ask(&["PING"]), "+PONG\r\n");
    proxy.refuse();
    assert_eq!(Client::of(&proxy).ask(&["PING"]), "");
    assert_eq!(present.ask(&["PING"]), "+PONG\r\n");
    proxy.cut();
    assert_eq!(present.receive(), "");
    proxy.pass();
    assert_eq!(Client::of(&proxy).ask(&["PING"]), "+PONG\r\n");
}

#[test]
fn what_was_held_back_arrives_late() {
    let (server, proxy) = before_a_server();
    let mut client = Client::of(&proxy);
    assert_eq!(client.ask(&["PING"]), "+PONG\r\n");
    proxy.hang();
    client.send(&["INCR", "key"]);
    client.hears_nothing();
    let mut newcomer = Client::of(&proxy);
    newcomer.send(&["PING"]);
    newcomer.hears_nothing();
    assert_eq!(server.cli(&["EXISTS", "key"]), "0");
    proxy.pass();
    assert_eq!(client.receive(), ":1\r\n");
    assert_eq!(newcomer.receive(), "+PONG\r\n");
    proxy.hang();
    client.send(&["INCR", "key"]);
    thread::sleep(Duration::from_millis(20));
    proxy.cut();
    assert_eq!(client.receive(), "");
    proxy.pass();
    assert_eq!(server.cli(&["GET", "key"]), "1", "what was cut off is lost");
}

#[test]
fn swallowed_replies_are_those_of_requests_that_were_executed() {
    let (server, proxy) = before_a_server();
    proxy.swallow_replies(2);
    for count in 1..=2 {
        let mut client = Client::of(&proxy);
        assert!(client.ask(&["HELLO", "3"]).starts_with('%'), "a greeting is not meant");
        assert_eq!(client.ask(&["INCR", "key"]), "");
        assert_eq!(server.cli(&["GET", "key"]), count.to_string());
        assert_eq!(proxy.swallowed(), count);
    }
    assert_eq!(Client::of(&proxy).ask(&["INCR", "key"]), ":3\r\n");
}

#[test]
fn replies_to_chosen_requests_are_swallowed() {
    let (server, proxy) = before_a_server();
    proxy.swallow_replies_to("INCR", 1);
    let mut client = Client::of(&proxy);
    assert_eq!(client.ask(&["SET", "key", "4"]), "+OK\r\n");
    let pipeline = [request(&["GET", "key"]), request(&["INCR", "key"]), request(&["GET", "key"])].concat();
    client.0.write_all(pipeline.as_bytes()).expect("sent");
    assert_eq!(client.receive(), "$1\r\n4\r\n", "what came before");
    assert_eq!(client.receive(), "", "and nothing after");
    assert_eq!(server.cli(&["GET", "key"]), "5");
    proxy.swallow_replies(1);
    proxy.pass();
    assert_eq!(Client::of(&proxy).ask(&["INCR", "key"]), ":6\r\n");
}

#[test]
fn tls_passes_through() {
    let server = Server::builder().tls().start();
    let proxy = Proxy::before(&server);
    assert!(proxy.url().starts_with("rediss://"));
    let output = std::process::Command::new("redis-cli")
        .args(["-h", "127.0.0.1", "-p", &proxy.address().port().to_string(), "--tls", "--cacert"])
        .arg(server.certificate_authority())
        .arg("PING")
        .output()
        .expect("redis-cli");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "PONG\n");
}

#[test]
fn replies_can_be_late() {
    let (server, proxy) = before_a_server();
    let mut client = Client::of(&proxy);
    proxy.delay(Duration::from_millis(150));
    client.send(&["INCR", "key"]);
    client.hears_nothing();
    assert_eq!(server.cli(&["GET", "key"]), "1", "only the reply is late");
    assert_eq!(client.receive(), ":1\r\n");
}

#[tokio::test(flavor = "current_thread", start_paused = true)]
async fn a_test_that_blocks_or_stops_time_does_not_stop_the_proxy() {
    let (_server, proxy) = before_a_server();
    proxy.delay(Duration::from_millis(1));
    assert_eq!(Client::of(&proxy).ask(&["PING"]), "+PONG\r\n");
}
