//! Other programs that rent on a server with the same keys.

use std::process::Command;

use crate::customers::{Shop, Size, number};
use crate::figures::Figures;

/// What `redis-benchmark` replaces by twelve digits, each time others; as long as a number.
const RANDOM: &str = "__rand_int__";

/// A shop whose numbers are called by twelve digits, from 000000000000 on.
pub(crate) struct Raw {
    shop: Shop,
    numbers: u64,
    /// A rent of the number that the service knows, as the store commits it.
    command: Vec<String>,
}

impl Raw {
    /// A shop with so many numbers.
    pub(crate) async fn shop(numbers: u64) -> Self {
        const FILL: &str = "
            local doc = redis.call('HGET', KEYS[1], 'doc')
            for n = 0, ARGV[1] - 1 do
                local name = string.format('%012d', n)
                redis.call('HSET', 'shop:rental:' .. name, 'doc', doc)
                redis.call('ZADD', 'shop:index:numbers', '1' .. name, name)
            end";
        let shop = std::sync::Arc::new(Shop::open(Size { listed: 2, rented: 0 }).await);
        // The server learns the script from one that is carried out.
        Shop::open_invoice(std::sync::Arc::clone(&shop), 1).await;
        let changes = Shop::decide_invoice(std::sync::Arc::clone(&shop), 0).await;
        let command = shop.store.commit_command(&changes).expect("documents can be written");
        let command = command.into_iter().map(|word| String::from_utf8(word).expect("text"));
        let mut command: Vec<String> = command.collect();
        let of_number = format!("shop:rental:{}", number(0));
        shop.server.cli(&["EVAL", FILL, "1", &of_number, &numbers.to_string()]);
        make_repeatable(&mut command, &changes);
        let shop = std::sync::Arc::into_inner(shop).expect("nobody else has it");
        Self { shop, numbers, command }
    }

    /// `redis-benchmark` with the store's own script, keys and arguments, so many deep in the pipeline.
    ///
    /// # Panics
    /// When more than one rent in a thousand was not committed.
    pub(crate) async fn redis_benchmark(&self, clients: usize, deep: usize, rents: u64) -> Figures {
        let mut command = Command::new("redis-benchmark");
        command.args(["--csv", "-p", &self.shop.server.port().to_string()]);
        command.args(["-c", &clients.to_string(), "-P", &deep.to_string()]);
        command.args(["-n", &rents.to_string(), "-r", &self.numbers.to_string()]).args(&self.command);
        let (report, cpu) = self.watch(&mut command, rents).await;
        let line = report.lines().rfind(|line| line.contains("\",\"")).expect("a line of figures");
        let mut cells = line.trim_end_matches('"').rsplit("\",\"").map(thousandths);
        let [_max, p99, _p95, p50, _min, _mean, rate] =
            std::array::from_fn(|_| cells.next().expect("a figure"));
        let elapsed_micros = rents * 1_000_000_000 / rate.max(1);
        Figures {
            count: rents,
            elapsed_micros,
            p50_micros: p50,
            p99_micros: p99,
            server_micros: cpu,
            trips: rents,
        }
    }

    /// The shop in `classic.py`.
    ///
    /// # Panics
    /// When more than one rent in a thousand was not committed.
    pub(crate) async fn python(&self, clients: usize, rents: u64) -> Figures {
        let mut command = Command::new("python3");
        command.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/benches/classic.py"));
        command.args([u64::from(self.shop.server.port()), clients as u64, rents].map(|n| n.to_string()));
        let (report, server_micros) = self.watch(&mut command, rents).await;
        let mut cells = report.split_whitespace().map(|cell| cell.parse().expect("a figure"));
        let [elapsed_micros, p50_micros, p99_micros, trips] =
            std::array::from_fn(|_| cells.next().expect("a figure"));
        Figures { count: rents, elapsed_micros, p50_micros, p99_micros, server_micros, trips }
    }

    /// Runs a program that rents; answers what it printed, and what the server's processor spent.
    async fn watch(&self, command: &mut Command, rents: u64) -> (String, u64) {
        let open = || self.shop.server.cli(&["ZCARD", "shop:index:invoices"]).parse::<u64>();
        let (before, cpu) = (open().expect("a count"), self.shop.server_micros().await);
        let output = command.output().expect("the program is installed");
        let cpu = self.shop.server_micros().await - cpu;
        let report = String::from_utf8_lossy(&output.stdout).into_owned();
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{report}{complaint}");
        let committed = open().expect("a count") - before;
        assert!(committed * 1000 >= rents * 999, "{committed} of {rents} rents were committed: {complaint}");
        (report, cpu)
    }
}

/// Makes a rent one that can be carried out again and again by `redis-benchmark`, each time with other names. Its
/// names are all drawn apart, which the script does not mind. A number stays at its version, and the words that tell its
/// state go on saying `available`, so that a number that is drawn again is rented once more, with the same writes.
fn make_repeatable(command: &mut [String], changes: &rental_core::Changes) {
    let record = changes.number.as_ref().expect("a rent changes a number");
    let invoice = &changes.invoices[0];
    let (id, customer) = (invoice.id.to_string(), invoice.customer.to_string());
    let twice = format!("01{RANDOM}{RANDOM}");
    let names = [
        (id.clone(), twice.clone()),
        (changes.commit_id.0.to_string(), twice.clone()),
        (invoice.payload.to_string(), format!("NUM-{RANDOM}{RANDOM}")),
        (customer.clone(), format!("tg:{RANDOM}{RANDOM}")),
        (record.number.to_string(), RANDOM.to_owned()),
        (format!("{:012}", record.number.as_u64()), RANDOM.to_owned()),
        (format!("{:015}", invoice.id.timestamp_ms()), format!("000{RANDOM}")),
    ];
    let words = format!("2 reserved {customer} {id} ");
    let mut texts = 0;
    for word in command.iter_mut() {
        if let Some(document) = word.strip_prefix(&words) {
            *word = format!("1 available - - {document}");
            texts += 1;
        }
    }
    assert_eq!(texts, 1, "the words that tell the number's state");
    for word in command.iter_mut().filter(|word| !word.contains('{')) {
        for (name, random) in &names {
            *word = word.replace(name, random);
        }
    }
}

/// A decimal number's thousandths.
fn thousandths(text: &str) -> u64 {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    format!("{whole}{part:0<3.3}").parse().expect("a decimal number")
}

/// Whether the shop in Python can be run.
pub(crate) fn has_python() -> bool {
    let run = Command::new("python3").args(["-c", "import redis, hiredis"]).output();
    run.is_ok_and(|run| run.status.success())
}
