//! Several providers: failing over, confirming, contradicting.

use rental_core::{ChainTransaction, Sighting, SourceState};
use rental_ton::StackValue;

use super::server::{Bounds, url_for};
use super::*;

/// Two of two have it.
const BOTH: Sighting = Sighting { sources: 2, confirmed: 2, denied: 0 };
/// One of two has it, the other does not say.
const ONE: Sighting = Sighting { sources: 2, confirmed: 1, denied: 0 };
/// One of two has it, the other contradicts.
const DISPUTED: Sighting = Sighting { sources: 2, confirmed: 1, denied: 1 };

fn config_of(kind: ProviderKind, v2: &str) -> ProviderConfig {
    ProviderConfig { kind, ..config(&url_for(kind, v2)) }
}

/// Servers of these kinds with one recorded chain each, and a gateway to all of them.
async fn serve_all(kinds: &[ProviderKind]) -> (Vec<Server>, TonGateway) {
    let (mut servers, mut configs, wallet) = (Vec::new(), Vec::new(), history().wallet);
    for kind in kinds {
        let (server, url) = Server::start(history()).await;
        servers.push(server);
        configs.push(config_of(*kind, &url));
    }
    (servers, gateway(&wallet, configs))
}

fn places(read: &[ChainTransaction]) -> Vec<ChainCursor> {
    read.iter().map(ChainTransaction::cursor).collect()
}

fn truth(server: &Server) -> Vec<ChainCursor> {
    server.chain().rows.iter().rev().map(cursor).collect()
}

fn asked(server: &Server) -> Vec<String> {
    server.requests().into_iter().map(|request| request.method).collect()
}

#[tokio::test]
async fn tonapi_is_read_whatever_its_bounds_mean() {
    for bounds in [Bounds::Exclusive, Bounds::Inclusive] {
        for page_size in [2, 7, 44, 45, 100] {
            let (server, url) = Server::start(Chain { bounds, ..history() }).await;
            let config = ProviderConfig { page_size, ..config_of(ProviderKind::Tonapi, &url) };
            let gateway = gateway(&history().wallet, vec![config]);
            let read = gateway.read(&ChainCursor::START).await.expect("genuine");
            assert_eq!(places(&read.transactions), truth(&server), "{bounds:?}, pages of {page_size}");
            assert_eq!(read.read_to, Timestamp::from_unix(SYNC_UTIME).minus(INCLUSION_MARGIN));
            let head = gateway.head().await.expect("readable").cursor;
            assert_eq!(gateway.read(&head).await.expect("idle").transactions, []);
            assert_eq!(server.requests()[0].key.as_deref(), Some(KEY));
        }
    }
    let (_server, url) = Server::start(Chain { rows: Vec::new(), ..history() }).await;
    let gateway = gateway(&history().wallet, vec![config_of(ProviderKind::Tonapi, &url)]);
    assert_eq!(gateway.head().await.expect("an account that does not exist yet").cursor, ChainCursor::START);
}

#[tokio::test]
async fn an_idle_poll_asks_every_reader_once_and_an_index_not_at_all() {
    let kinds = [ProviderKind::Toncenter, ProviderKind::Toncenter, ProviderKind::ToncenterV3];
    let (servers, gateway) = serve_all(&kinds).await;
    let head = gateway.head().await.expect("readable").cursor;
    for server in &servers {
        server.requests();
    }
    gateway.read(&head).await.expect("idle");
    let counts: Vec<_> = servers.iter().map(|server| server.requests().len()).collect();
    assert_eq!(counts, [1, 1, 0]);
}

#[tokio::test]
async fn a_second_provider_confirms_everything_with_one_request() {
    for second in [ProviderKind::Toncenter, ProviderKind::Tonapi, ProviderKind::ToncenterV3] {
        let (servers, gateway) = serve_all(&[ProviderKind::Toncenter, second]).await;
        let read = gateway.read(&ChainCursor::START).await.expect("genuine");
        assert_eq!(read.transactions.len(), 45);
        let sightings = gateway.sightings(&places(&read.transactions)).await.expect("answered");
        assert_eq!(sightings, vec![BOTH; 45], "{second}");
        let pages = asked(&servers[1]).iter().filter(|method| *method != "masterchain-head").count();
        assert_eq!(pages, 1, "{second}: its newest transaction says it all");
    }
}

#[tokio::test]
async fn what_a_second_provider_has_not_come_to_is_unconfirmed() {
    for second in [ProviderKind::Toncenter, ProviderKind::Tonapi, ProviderKind::ToncenterV3] {
        let (servers, gateway) = serve_all(&[ProviderKind::Toncenter, second]).await;
        servers[1].chain().rows.drain(..3);
        let read = gateway.read(&ChainCursor::START).await.expect("genuine").transactions;
        let places = places(&read);
        let sightings = gateway.sightings(&places).await.expect("answered");
        assert_eq!(sightings[..42], vec![BOTH; 42], "{second}");
        assert_eq!(sightings[42..], [ONE; 3], "{second}");
        servers[1].chain().rows = history().rows;
        assert_eq!(gateway.sightings(&places[42..]).await.expect("answered"), [BOTH; 3], "{second}");
    }
}

#[tokio::test]
async fn a_provider_that_hides_payments_is_found_out_by_the_other() {
    for first in [ProviderKind::Toncenter, ProviderKind::Tonapi] {
        let (servers, gateway) = serve_all(&[first, ProviderKind::Toncenter]).await;
        servers[0].chain().rows.drain(..5);
        let read = gateway.read(&ChainCursor::START).await.expect("genuine");
        assert_eq!(places(&read.transactions), truth(&servers[1]), "{first}");
    }
}

#[tokio::test]
async fn payments_from_before_a_restart_are_looked_up_one_by_one() {
    for second in [ProviderKind::Toncenter, ProviderKind::Tonapi, ProviderKind::ToncenterV3] {
        let (servers, gateway) = serve_all(&[ProviderKind::Toncenter, second]).await;
        let all = truth(&servers[0]);
        let absent = ChainCursor { hash: Some(TxHash([9; 32])), ..all[20] };
        let future = ChainCursor { lt: all[44].lt + 5, hash: Some(TxHash([9; 32])) };
        let sightings = gateway.sightings(&[all[10], absent, all[44], future]).await.expect("answered");
        let none = Sighting { sources: 2, confirmed: 0, denied: 2 };
        let nobody_yet = Sighting { sources: 2, confirmed: 0, denied: 0 };
        assert_eq!(sightings, [BOTH, none, BOTH, nobody_yet], "{second}");
    }
}

#[tokio::test]
async fn an_answer_that_does_not_cover_the_place_contradicts_nothing() {
    let (server, url) = Server::start(history()).await;
    let (_boundless, boundless_url) = Server::start(Chain { bounds: Bounds::Ignored, ..history() }).await;
    let all = truth(&server);
    for (page_size, expected) in [(100, BOTH), (2, ONE)] {
        let second = ProviderConfig { page_size, ..config_of(ProviderKind::Tonapi, &boundless_url) };
        let configs = vec![config_of(ProviderKind::Toncenter, &url), second];
        let gateway = gateway(&history().wallet, configs);
        let sightings = gateway.sightings(&[all[30]]).await.expect("answered");
        assert_eq!(sightings, [expected], "its newest page has {page_size}");
    }

    for empty in [ProviderKind::Toncenter, ProviderKind::Tonapi] {
        let (servers, gateway) = serve_all(&[ProviderKind::Toncenter, empty]).await;
        gateway.head().await.expect("both say how far they are");
        let nothing = r#"{"ok":true,"result":[],"transactions":[]}"#;
        servers[1].script(vec![body(200, nothing); 20]);
        let sightings = gateway.sightings(&[all[20]]).await.expect("answered");
        assert_eq!(sightings, [ONE], "{empty}: a page that is empty");

        let (servers, gateway) = serve_all(&[ProviderKind::Toncenter, empty]).await;
        servers[1].chain().rows.retain(|row| cursor(row) != all[20]);
        let sightings = gateway.sightings(&[all[20]]).await.expect("answered");
        assert_eq!(sightings, [BOTH], "{empty}: it leaves out what its own next one names");
        servers[1].chain().rows.retain(|row| cursor(row) != all[21]);
        let sightings = gateway.sightings(&[all[20]]).await.expect("answered");
        assert_eq!(sightings, [ONE], "{empty}: what it shows does not hold together");
    }

    let (servers, gateway) = serve_all(&[ProviderKind::Toncenter, ProviderKind::ToncenterV3]).await;
    servers[1].chain().replica_behind = 10;
    let sightings = gateway.sightings(&[all[30], all[40]]).await.expect("answered");
    assert_eq!(sightings, [BOTH, ONE], "a replica that is behind the one that named the newest transaction");
}

#[tokio::test]
async fn a_provider_that_fails_is_replaced_even_in_the_middle_of_a_walk() {
    let wallet = history().wallet;
    let (first, first_url) = Server::start(history()).await;
    let (second, second_url) = Server::start(history()).await;
    let once = |url: &str| ProviderConfig { retries: 0, page_size: 10, ..config(url) };
    let gateway = gateway(&wallet, vec![once(&first_url), once(&second_url)]);

    first.script([body(500, "")]);
    let read = gateway.read(&ChainCursor::START).await.expect("the second answers");
    assert_eq!(places(&read.transactions), truth(&second));
    assert!(asked(&first).iter().all(|method| method == "getAddressInformation"));

    // The first one's chain loses a row that is only noticed on the third page.
    second.requests();
    first.chain().rows.remove(25);
    let read = gateway.read(&ChainCursor::START).await.expect("the second has the row");
    assert_eq!(places(&read.transactions), truth(&second));
    let pages = asked(&second).iter().filter(|method| *method == "getTransactions").count();
    assert_eq!(pages, 1, "the page that the first one could not give");
}

#[tokio::test]
async fn a_provider_that_hangs_does_not_stop_the_reading() {
    let (servers, gateway) = serve_all(&[ProviderKind::Toncenter, ProviderKind::Toncenter]).await;
    servers[0].script(vec![Scripted::Hang; 20]);
    let read = gateway.read(&ChainCursor::START).await.expect("the second answers");
    assert_eq!(read.transactions.len(), 45);
}

#[tokio::test]
async fn garbage_from_one_provider_costs_nothing_but_its_word() {
    let garbage = [
        "",
        "null",
        "[]",
        "{}",
        "7",
        "\"\"",
        "{\"ok\":true,\"result\":null}",
        "{\"ok\":1}",
        "{\"ok\":true,\"result\":{\"last_transaction_id\":{},\"sync_utime\":-1}}",
        "{\"transactions\":[{}]}",
        "{\"transactions\":7}",
        "{\"last_transaction_lt\":7}",
        "{\"last_transaction_lt\":7,\"last_transaction_hash\":\"x\",\"gen_utime\":1e99}",
        "{\"ok\":true,\"result\":{\"last_transaction_id\":{\"lt\":\"99999999999999999999\",\"hash\":\"\"},\"sync_utime\":1}}",
    ];
    let deep = "[".repeat(100_000);
    for kind in [ProviderKind::Toncenter, ProviderKind::Tonapi, ProviderKind::ToncenterV3] {
        for text in garbage.iter().copied().chain([deep.as_str()]) {
            let (servers, gateway) = serve_all(&[ProviderKind::Toncenter, kind]).await;
            servers[1].script(vec![body(200, text); 20]);
            let read = gateway.read(&ChainCursor::START).await.expect("the first answers");
            assert_eq!(read.transactions.len(), 45, "{kind}: {text:.60}");
            let sightings = gateway.sightings(&places(&read.transactions)).await.expect("answered");
            assert_eq!(sightings, vec![ONE; 45], "{kind}: {text:.60}");
        }
    }
}

#[tokio::test]
async fn a_provider_that_fails_again_and_again_is_left_alone() {
    let (server, gateway) = serve(100).await;
    server.script(vec![body(500, r#"{"ok":false,"error":"broken","code":500}"#); 5]);
    assert!(gateway.head().await.is_err());
    let error = gateway.head().await.expect_err("the circuit opens");
    assert_eq!(server.requests().len(), 5);
    assert_eq!(error, GatewayError::Unavailable("500 broken".to_owned()));
    let error = gateway.head().await.expect_err("it is not asked").to_string();
    assert!(error.contains("left alone") && error.contains("500 broken"), "{error}");
    assert_eq!(server.requests().len(), 0);
    let status = &gateway.sources()[0];
    assert_eq!((status.name.as_str(), status.state), ("toncenter", SourceState::LeftAlone));
}

#[tokio::test]
async fn a_new_key_in_the_file_is_used_at_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("key");
    std::fs::write(&file, "old").expect("written");
    let (server, url) = Server::start(Chain { only_key: Some("old".to_owned()), ..history() }).await;
    let config = ProviderConfig { key: Some(ApiKey::File(file.clone())), ..config(&url) };
    let gateway = gateway(&history().wallet, vec![config]);
    gateway.head().await.expect("let in");
    server.chain().only_key = Some("new".to_owned());
    assert!(matches!(gateway.head().await, Err(GatewayError::Refused(_))));
    std::fs::write(&file, "new").expect("written");
    gateway.head().await.expect("let in with the new key");
}

#[tokio::test]
async fn pages_that_are_too_long_are_asked_for_in_pieces() {
    for kind in [ProviderKind::Toncenter, ProviderKind::Tonapi] {
        let (server, url) = Server::start(Chain { longest_page: Some(13), ..history() }).await;
        let gateway = gateway(&history().wallet, vec![config_of(kind, &url)]);
        let read = gateway.read(&ChainCursor::START).await.expect("genuine");
        assert_eq!(places(&read.transactions), truth(&server), "{kind}");
    }
}

#[tokio::test]
async fn recorded_get_methods_are_understood() {
    let (server, url) = Server::start(Chain::default()).await;
    server.script([recorded("runGetMethod_get_wallet_address"), recorded("runGetMethod_no_such_method")]);
    let providers = Providers::new(vec![config(&url)]).expect("valid");
    let master = address("EQD5xurxSSSGT-i0UAY6RgWZemVBdBHI6M_GjlTpJF8jkwoT");
    let found = providers.run_get_method(&master, "get_wallet_address", &[]).await.expect("answered");
    assert_eq!((found.exit_code, found.stack.len()), (0, 1));
    assert_eq!(found.stack[0].as_cell().expect("an address").bit_len(), 267);
    let none = providers.run_get_method(&master, "nope", &[StackValue::number(1)]).await.expect("answered");
    assert_eq!(none.exit_code, 11);
    assert_eq!(server.requests()[0].method, "runGetMethod");
}

/// Two providers with chains of their own, made by sandboxes: the same wallet, another truth.
struct Worlds {
    folder: tempfile::TempDir,
    clock: ManualClock,
    sandboxes: Vec<Sandbox>,
    servers: Vec<Server>,
    gateway: TonGateway,
}

impl Worlds {
    async fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let clock = ManualClock::at(Timestamp::from_unix(SYNC_UTIME));
        let (mut sandboxes, mut servers, mut configs) = (Vec::new(), Vec::new(), Vec::new());
        for name in ["one", "two"] {
            let sandbox =
                Sandbox::open(folder.path().join(name), Arc::new(clock.clone())).expect("a new file");
            let wallet = address(&sandbox.wallet().address).to_string();
            let chain = Chain { wallet, sync_utime: SYNC_UTIME, ..Chain::default() };
            let (server, url) = Server::start(chain).await;
            sandboxes.push(sandbox);
            servers.push(server);
            configs.push(config(&url));
        }
        let wallet = address(&sandboxes[0].wallet().address);
        let providers = Arc::new(Providers::new(configs).expect("valid"));
        let gateway =
            TonGateway::new(Network::Mainnet, Watched::Wallet(wallet), providers, Arc::new(clock.clone()));
        Self { folder, clock, sandboxes, servers, gateway }
    }

    /// A payment in the world of `made`, shown by the providers `shown`.
    async fn pay(&self, made: usize, comment: &str, shown: &[usize]) -> ChainCursor {
        let sandbox = &self.sandboxes[made];
        let before = sandbox.head().await.expect("readable").cursor;
        let amount = Amount::whole(Currency::Ton, 1).expect("in range");
        let hash = sandbox.append(&SandboxTransfer::payment(amount, comment.to_owned())).expect("appended");
        let lt = sandbox.read(&before).await.expect("readable").transactions[0].lt;
        let file = std::fs::read_to_string(self.folder.path().join(["one", "two"][made])).expect("readable");
        let data = file.lines().last().expect("just appended").to_owned();
        for index in shown {
            self.servers[*index].chain().rows.insert(0, Served { lt, hash, data: data.clone() });
        }
        ChainCursor { lt, hash: Some(hash) }
    }

    fn pass(&self, seconds: u64) {
        self.clock.advance(Seconds(seconds));
        for server in &self.servers {
            server.chain().sync_utime = self.clock.now().unix();
        }
    }
}

#[tokio::test]
async fn a_payment_is_held_back_for_a_moment_until_the_second_provider_has_it() {
    let worlds = Worlds::new().await;
    let first = worlds.pay(0, "first", &[0, 1]).await;
    let second = worlds.pay(0, "second", &[0]).await;
    worlds.pass(5);
    let read = worlds.gateway.read(&ChainCursor::START).await.expect("genuine");
    assert_eq!(places(&read.transactions), [first]);
    let paid = worlds.sandboxes[0].read(&first).await.expect("readable").transactions[0].chain_time;
    assert!(read.read_to < paid, "what is held back is not said to be read");

    let row = worlds.servers[0].chain().rows[0].clone();
    worlds.servers[1].chain().rows.insert(0, row);
    let read = worlds.gateway.read(&first).await.expect("genuine");
    assert_eq!(places(&read.transactions), [second]);
    assert_eq!(worlds.gateway.sightings(&[first, second]).await.expect("answered"), [BOTH; 2]);

    let third = worlds.pay(0, "third", &[0]).await;
    worlds.pass(30);
    let read = worlds.gateway.read(&second).await.expect("genuine");
    assert_eq!(places(&read.transactions), [third], "but not for ever");
    assert_eq!(worlds.gateway.sightings(&[third]).await.expect("answered"), [ONE]);
}

#[tokio::test]
async fn providers_with_different_chains_are_found_to_contradict_each_other() {
    let worlds = Worlds::new().await;
    for (comment, world) in [("true", 0), ("forged", 1)] {
        worlds.pay(world, comment, &[world]).await;
    }
    worlds.pay(1, "forged again", &[1]).await;
    worlds.pass(60);
    let read = worlds.gateway.read(&ChainCursor::START).await.expect("each is a chain in itself");
    let places = places(&read.transactions);
    assert_eq!(places.len(), 2, "the one that is further leads");
    let sightings = worlds.gateway.sightings(&places).await.expect("answered");
    assert_eq!(sightings[0], DISPUTED, "the other has another transaction there");
    assert_eq!(sightings[1], ONE, "the other has not come there");
}

#[tokio::test]
async fn no_time_passes_while_only_one_provider_knows_the_place_that_was_read() {
    let worlds = Worlds::new().await;
    let first = worlds.pay(0, "first", &[0, 1]).await;
    worlds.pass(60);
    let read = worlds.gateway.read(&ChainCursor::START).await.expect("genuine");
    let known = read.read_to;
    assert!(known > Timestamp::EPOCH);
    let invented = worlds.pay(0, "invented", &[0]).await;
    worlds.pass(60);
    let read = worlds.gateway.read(&first).await.expect("a chain in itself");
    assert_eq!(places(&read.transactions), [invented]);
    assert_eq!(read.read_to, Timestamp::EPOCH);
    for _ in 0..2 {
        worlds.pass(60);
        assert_eq!(worlds.gateway.read(&invented).await.expect("idle").read_to, Timestamp::EPOCH);
    }
    let row = worlds.servers[0].chain().rows[0].clone();
    worlds.servers[1].chain().rows.insert(0, row);
    assert!(worlds.gateway.read(&invented).await.expect("idle").read_to > known, "it was true after all");
}

#[tokio::test]
async fn a_clock_that_is_ahead_ends_no_reservation() {
    for kind in [ProviderKind::Toncenter, ProviderKind::Tonapi] {
        let (server, url) = Server::start(history()).await;
        server.chain().sync_utime = SYNC_UTIME + 7_200;
        let providers = Arc::new(Providers::new(vec![config_of(kind, &url)]).expect("valid"));
        let clock = Arc::new(ManualClock::at(Timestamp::from_unix(SYNC_UTIME)));
        let watched = Watched::Wallet(address(&history().wallet));
        let gateway = TonGateway::new(Network::Mainnet, watched, providers, clock);
        let read = gateway.read(&ChainCursor::START).await.expect("genuine");
        assert_eq!((read.transactions.len(), read.read_to.unix()), (45, SYNC_UTIME), "{kind}");
        assert_eq!(gateway.head().await.expect("answered").read_to.unix(), SYNC_UTIME, "{kind}");
    }
}

#[tokio::test]
async fn a_server_of_the_other_network_is_refused() {
    for (url, network) in [
        ("https://testnet.toncenter.com/api/v2", Network::Mainnet),
        ("https://TESTNET.tonapi.io:443", Network::Mainnet),
        ("https://tonapi.io/", Network::Testnet),
    ] {
        let config = ProviderConfig::new(ProviderKind::Tonapi, network, Some(url.to_owned()), None);
        assert!(matches!(Providers::new(vec![config]), Err(ProviderError::OtherNetwork)), "{url}");
    }
    let (server, url) = Server::start(history()).await;
    let gateway = gateway(&history().wallet, vec![config_of(ProviderKind::Tonapi, &url)]);
    server.script([body(200, r#"{"gen_utime":1767225600,"global_id":-3}"#)]);
    let refused = gateway.head().await.expect_err("the test network").to_string();
    assert!(refused.contains("TON_API_URL"), "{refused}");
    server.script([body(200, r#"{"gen_utime":1767225600,"global_id":-239}"#)]);
    gateway.head().await.expect("mainnet");
}

#[tokio::test]
async fn a_burst_between_two_polls_is_read_completely() {
    let worlds = Worlds::new().await;
    let mut paid = Vec::new();
    for index in 0..700 {
        paid.push(worlds.pay(0, &format!("RENT-{index}"), &[0, 1]).await);
    }
    worlds.pass(60);
    for server in &worlds.servers {
        server.requests();
    }
    let read = worlds.gateway.read(&paid[4]).await.expect("genuine");
    assert_eq!(places(&read.transactions), paid[5..]);
    assert_eq!(worlds.servers[0].requests().len(), 1 + 7);
    assert_eq!(worlds.servers[1].requests().len(), 1, "it only confirms");
    assert_eq!(worlds.gateway.sightings(&paid[5..]).await.expect("answered"), vec![BOTH; 695]);
}
