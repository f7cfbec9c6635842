//! Reading the whole shop out, and filling an empty place with another store's shop.
//!
//! While the key `filling` exists, the place is no shop: scripts refuse it. It holds the id of the filling, so that of
//! two copies into one place the later one goes on and the earlier one is told.

use std::collections::HashMap;

use async_trait::async_trait;
use redis::{FromRedisValue, Value};
use rental_core::{
    Archive, ArchiveError, Currency, CustomerId, DeliveryRecord, DeliveryStage, FeedEntry, FillingId,
    InvoiceId, InvoiceQuery, Notes, NumberQuery, NumberRecord, Once, OnceKey, Owner, Page, PageRequest,
    Payment, PaymentQuery, PhoneNumber, Record, Section, StoreError, Timestamp,
};

use crate::commit::position;
use crate::fault::corrupt;
use crate::inspect::LAYOUT;
use crate::listings::{self, entries, length, nothing, page};
use crate::load::optional;
use crate::script::{BEGIN, Call, DELIVERIES, FILL, FINISH, ONCE};
use crate::store::RedisStore;
use crate::{notes, outbox, places, text};

/// What our keys begin with, after the prefix. Nothing else is counted or removed.
const ROOTS: [&str; 16] = [
    "shop",
    "rental:",
    "invoice:",
    "payload:",
    "payment:",
    "account:",
    "once:",
    "index:",
    "history:number:",
    "audit:admin",
    "outbox",
    "expiry:zset",
    "lock:",
    "rate:",
    "pace:",
    "note:",
];
/// Those that are no part of a shop. Notes that stay are seen by their index.
const PASSING: [&str; 5] = ["lock:", "rate:", "pace:", "once:commits:", "note:"];
/// How many records are written in one step.
const STEP: usize = 100;

fn strange() -> StoreError {
    corrupt("an answer of the server")
}

#[async_trait]
impl Archive for RedisStore {
    async fn read_out(&self, section: Section, request: &PageRequest) -> Result<Page<Record>, StoreError> {
        let everything = (NumberQuery::default(), InvoiceQuery::default(), PaymentQuery::default());
        let (numbers, invoices, payments) = &everything;
        Ok(match section {
            Section::Shop => self.head("doc", request, Record::Shop).await?,
            Section::Access => self.head("access", request, Record::Access).await?,
            Section::Chain => self.chains(request).await?,
            Section::Accounts => listings::accounts(self, request).await?.map(Record::Account),
            Section::Numbers => listings::numbers(self, numbers, request).await?.map(Record::Number),
            Section::Invoices => listings::invoices(self, invoices, request).await?.map(Record::Invoice),
            Section::Payments => listings::payments(self, payments, request).await?.map(Record::Payment),
            Section::Once => self.once(request).await?,
            Section::History => self.histories(request).await?,
            Section::Audit => self.audit_trail(request).await?,
            Section::Events => self.events(request).await?,
            Section::LastEvent => self.last_event(request).await?,
            Section::Groups => self.groups(request).await?,
            Section::Deliveries => self.deliveries(request).await?,
            Section::Notes => self.notes("", request).await?.map(Record::Note),
        })
    }

    async fn begin_filling(&self, id: FillingId) -> Result<(), ArchiveError> {
        let ours = self.keys_of_the_shop().await?;
        let prefix = self.keys().prefix().len();
        let counts = |key: &&String| !PASSING.iter().any(|root| key[prefix..].starts_with(root));
        let empty = if ours.iter().any(|key| counts(&key)) { "" } else { "1" };
        let call = Call::script(&BEGIN, &[self.keys().filling(), self.keys().shop()]);
        let begun = self.link().ask(call.arg(id.0.to_string()).arg(empty)).await?;
        if begun != Value::Int(1) {
            return Err(ArchiveError::NotEmpty);
        }
        for keys in ours.chunks(1000) {
            self.link().ask(Call::command("UNLINK").arg(keys)).await?;
        }
        Ok(())
    }

    async fn fill(&self, id: FillingId, records: &[Record]) -> Result<(), ArchiveError> {
        let nothing = [records].into_iter().filter(|records| records.is_empty());
        for records in records.chunks(STEP).chain(nothing) {
            let customers = self.customers_of(records).await?;
            let mut call = Call::script(&FILL, &[self.keys().filling()]).arg(id.0.to_string()).once();
            for record in records {
                for command in self.commands(record, &customers)? {
                    call = call.arg(command.len()).arg(command);
                }
            }
            if self.link().ask(call).await? != Value::Int(1) {
                return Err(ArchiveError::Superseded);
            }
        }
        Ok(())
    }

    async fn finish_filling(&self, id: FillingId) -> Result<(), ArchiveError> {
        let call = Call::script(&FINISH, &[self.keys().filling()]).arg(id.0.to_string()).once();
        if self.link().ask(call).await? == Value::Int(1) { Ok(()) } else { Err(ArchiveError::Superseded) }
    }
}

/// The currencies whose chains stand on a page; a cursor is the name of one.
fn currencies_after(request: &PageRequest) -> impl Iterator<Item = Currency> {
    let given = |after: &String| 1 + Currency::ALL.iter().take_while(|given| given.name() != after).count();
    Currency::ALL.into_iter().skip(request.after.as_ref().map_or(0, given))
}

/// A command of plain words.
type Words = Vec<String>;

macro_rules! words {
    ($($word:expr),+ $(,)?) => { vec![$($word.to_string()),+] };
}

impl RedisStore {
    /// Every key of the shop that exists, the mark of a filling left out.
    async fn keys_of_the_shop(&self) -> Result<Vec<String>, StoreError> {
        let (prefix, mut cursor, mut found) = (self.keys().prefix(), "0".to_owned(), Vec::new());
        loop {
            let call = Call::command("SCAN").arg(&cursor).arg("MATCH").arg(format!("{prefix}*"));
            let answer = self.link().ask(call.arg("COUNT").arg(1000)).await?;
            let (next, keys): (String, Vec<String>) =
                FromRedisValue::from_redis_value(answer).map_err(|_| strange())?;
            let ours = |key: &String| ROOTS.iter().any(|root| key[prefix.len()..].starts_with(root));
            for key in keys.into_iter().filter(ours) {
                if self.link().ask(Call::command("EXISTS").arg(&key)).await? == Value::Int(1) {
                    found.push(key);
                }
            }
            if next == "0" {
                return Ok(found);
            }
            cursor = next;
        }
    }

    /// The page of a section that is one field of the shop's key.
    async fn head<T: serde::de::DeserializeOwned>(
        &self,
        field: &str,
        request: &PageRequest,
        record: impl FnOnce(T) -> Record,
    ) -> Result<Page<Record>, StoreError> {
        if request.after.is_some() {
            return Ok(nothing());
        }
        let answer = self.link().ask(Call::command("HGET").arg(self.keys().shop()).arg(field)).await?;
        Ok(Page { items: optional(answer)?.map(record).into_iter().collect(), next: None })
    }

    async fn chains(&self, request: &PageRequest) -> Result<Page<Record>, StoreError> {
        let first = PageRequest::first(1);
        let mut found = Vec::new();
        for currency in currencies_after(request) {
            let [_, field] = text::chain_fields(currency);
            let chain = self.head(field, &first, Record::Chain).await?.items;
            found.extend(chain.into_iter().map(|chain| (currency.name().to_owned(), chain)));
        }
        Ok(page(request, found))
    }

    async fn once(&self, request: &PageRequest) -> Result<Page<Record>, StoreError> {
        let cursor = request.after.as_deref().unwrap_or("0");
        if cursor.parse::<u64>().is_err() {
            return Ok(nothing());
        }
        let call = Call::script(&ONCE, &[self.keys().shop()]).arg(self.keys().prefix()).arg(cursor);
        let answer = self.link().ask(call.arg(length(request))).await?;
        let (next, found): (String, Vec<(String, String, i64)>) =
            FromRedisValue::from_redis_value(answer).map_err(|_| strange())?;
        let record = |(key, value, until): (String, String, i64)| {
            let key: OnceKey = key.parse().map_err(|_| corrupt("a once-key"))?;
            let until = u64::try_from(until).ok().map(|until| Timestamp::from_unix(until + self.ahead()));
            Ok(Record::Once(Once { key, value, keep_until: until }))
        };
        let items = found.into_iter().map(record).collect::<Result<_, StoreError>>()?;
        Ok(Page { items, next: Some(next).filter(|next| next != "0") })
    }

    /// The histories of all numbers, one after the other. A cursor is a number and the place of a line in its history.
    async fn histories(&self, request: &PageRequest) -> Result<Page<Record>, StoreError> {
        let start = match &request.after {
            None => None,
            Some(text) => match text.split_once(':').map(|(number, place)| (number.parse(), place)) {
                Some((Ok(number), place)) => Some((number, place.to_owned())),
                _ => return Ok(nothing()),
            },
        };
        let needed = length(request) + 1;
        let mut found = Vec::new();
        if let Some((number, place)) = &start {
            self.add_history(*number, Some(place.clone()), needed, &mut found).await?;
        }
        let mut after = start.map(|(number, _): (PhoneNumber, _)| number.to_string());
        while found.len() < needed {
            let request = PageRequest { after: after.clone(), limit: 100 };
            let numbers = listings::numbers(self, &NumberQuery::default(), &request).await?;
            for record in numbers.items {
                self.add_history(record.number, None, needed, &mut found).await?;
            }
            after = numbers.next;
            if after.is_none() {
                break;
            }
        }
        Ok(page(request, found))
    }

    async fn add_history(
        &self,
        number: PhoneNumber,
        mut after: Option<String>,
        needed: usize,
        found: &mut Vec<(String, Record)>,
    ) -> Result<(), StoreError> {
        while found.len() < needed {
            let mut place = after.as_ref().map_or(0, |last| last.parse::<u64>().map_or(0, |last| last + 1));
            let request = PageRequest { after, limit: PageRequest::MOST };
            let lines = listings::history(self, number, &request).await?;
            for line in lines.items {
                found.push((format!("{number}:{place}"), Record::History(line)));
                place += 1;
            }
            after = lines.next;
            if after.is_none() {
                break;
            }
        }
        Ok(())
    }

    async fn audit_trail(&self, request: &PageRequest) -> Result<Page<Record>, StoreError> {
        let Ok(after) = request.after.as_deref().map_or(Ok(0), str::parse::<u64>) else {
            return Ok(nothing());
        };
        let call = Call::command("XRANGE").arg(self.keys().key("audit:admin")).arg(format!("(0-{after}"));
        let call = call.arg("+").arg("COUNT").arg(length(request) + 1);
        let lines = entries(self.link().ask(call).await?)?.into_iter().map(|(seq, fields)| {
            let line = fields.last().ok_or_else(|| corrupt("audit:admin"))?;
            Ok((seq.to_string(), Record::Audit(text::document(line)?)))
        });
        Ok(page(request, lines.collect::<Result<_, StoreError>>()?))
    }

    async fn events(&self, request: &PageRequest) -> Result<Page<Record>, StoreError> {
        let Ok(after) = request.after.as_deref().map_or(Ok(0), str::parse) else {
            return Ok(nothing());
        };
        let found = outbox::feed(self, &Owner::Anybody, after, length(request) + 1).await?;
        let place = |entry: FeedEntry| (entry.seq.to_string(), Record::Event(entry));
        Ok(page(request, found.into_iter().map(place).collect()))
    }

    /// What the server reports about the stream or its groups, as fields with their values.
    async fn about_outbox(&self, what: &str) -> Result<Value, StoreError> {
        let key = self.keys().key("outbox");
        if self.link().ask(Call::command("EXISTS").arg(&key)).await? == Value::Int(0) {
            return Ok(Value::Array(Vec::new()));
        }
        self.link().ask(Call::command("XINFO").arg(what).arg(key)).await
    }

    async fn last_event(&self, request: &PageRequest) -> Result<Page<Record>, StoreError> {
        let about: HashMap<String, Value> =
            FromRedisValue::from_redis_value(self.about_outbox("STREAM").await?).map_err(|_| strange())?;
        let last = about.get("last-generated-id").map(sequence).transpose()?.unwrap_or_default();
        let items = (last > 0 && request.after.is_none()).then_some(Record::LastEvent { seq: last });
        Ok(Page { items: items.into_iter().collect(), next: None })
    }

    /// All groups, by name, each with the newest event that it was given.
    async fn all_groups(&self) -> Result<Vec<(String, u64)>, StoreError> {
        let about: Vec<HashMap<String, Value>> =
            FromRedisValue::from_redis_value(self.about_outbox("GROUPS").await?).map_err(|_| strange())?;
        let mut groups = Vec::new();
        for group in about {
            let name = group.get("name").cloned().ok_or_else(strange)?;
            let name = String::from_redis_value(name).map_err(|_| strange())?;
            groups.push((name, group.get("last-delivered-id").map(sequence).ok_or_else(strange)??));
        }
        groups.sort();
        Ok(groups)
    }

    async fn groups(&self, request: &PageRequest) -> Result<Page<Record>, StoreError> {
        let after = |name: &String| request.after.as_ref().is_none_or(|after| name > after);
        let groups = self.all_groups().await?.into_iter().filter(|(name, _)| after(name));
        let groups = groups.map(|(name, given)| (name.clone(), Record::Group { name, given }));
        Ok(page(request, groups.take(length(request) + 1).collect()))
    }

    /// The deliveries of all groups, one group after the other. A cursor is a sequence and a group.
    async fn deliveries(&self, request: &PageRequest) -> Result<Page<Record>, StoreError> {
        let start = match &request.after {
            None => None,
            Some(text) => match text.split_once(':').map(|(seq, group)| (seq.parse::<u64>(), group)) {
                Some((Ok(seq), group)) => Some((group.to_owned(), seq)),
                _ => return Ok(nothing()),
            },
        };
        let needed = length(request) + 1;
        let mut found = Vec::new();
        for (group, _) in self.all_groups().await? {
            let after = match &start {
                Some((first, _)) if group < *first => continue,
                Some((first, seq)) if group == *first => *seq,
                _ => 0,
            };
            if found.len() >= needed {
                break;
            }
            for record in self.deliveries_of(&group, after, needed - found.len()).await? {
                found.push((format!("{}:{}", record.seq, record.group), Record::Delivery(record)));
            }
        }
        Ok(page(request, found))
    }

    async fn deliveries_of(
        &self,
        group: &str,
        after: u64,
        limit: usize,
    ) -> Result<Vec<DeliveryRecord>, StoreError> {
        let keys = ["held", "resting", "dead"].map(|part| self.keys().outbox(part, group));
        let keys = [vec![self.keys().key("outbox")], keys.to_vec()].concat();
        let answer =
            self.link().ask(Call::script(&DELIVERIES, &keys).arg(group).arg(after).arg(limit)).await?;
        let found = Vec::<Vec<Value>>::from_redis_value(answer).map_err(|_| strange())?;
        let record = |fields: Vec<Value>| {
            let mut fields = fields.into_iter();
            let mut next = || fields.next().unwrap_or(Value::Nil);
            let seq = u64::from_redis_value(next()).map_err(|_| strange())?;
            let attempt = u64::from_redis_value(next()).map_err(|_| strange())?;
            let until = String::from_redis_value(next()).map_err(|_| strange())?;
            let reason = Option::<String>::from_redis_value(next()).map_err(|_| strange())?;
            let stage = if let Some(reason) = reason {
                DeliveryStage::Dead { reason }
            } else {
                let until = until.parse().map_err(|_| corrupt("outbox:held or outbox:resting"))?;
                DeliveryStage::Resting { until: Timestamp::from_unix(until) }
            };
            let attempt = u32::try_from(attempt).unwrap_or(u32::MAX);
            Ok(DeliveryRecord { group: group.to_owned(), seq, attempt, stage })
        };
        found.into_iter().map(record).collect()
    }

    /// The customers of the invoices that payments among `records` name.
    async fn customers_of(&self, records: &[Record]) -> Result<HashMap<InvoiceId, CustomerId>, StoreError> {
        let named = |record: &Record| match record {
            Record::Payment(payment) => payment.invoice,
            _ => None,
        };
        let ids: Vec<InvoiceId> = records.iter().filter_map(named).collect();
        let mut customers = HashMap::new();
        if ids.is_empty() {
            return Ok(customers);
        }
        for record in records {
            if let Record::Invoice(invoice) = record {
                customers.insert(invoice.id, invoice.customer.clone());
            }
        }
        let keys: Vec<_> = ids.iter().map(|id| self.keys().invoice(*id)).collect();
        let answer = self.link().ask(Call::command("MGET").arg(keys)).await?;
        let invoices = Vec::<Value>::from_redis_value(answer).map_err(|_| strange())?;
        for (id, invoice) in ids.into_iter().zip(invoices) {
            if let Some(invoice) = optional::<rental_core::Invoice>(invoice)? {
                customers.insert(id, invoice.customer);
            }
        }
        Ok(customers)
    }

    /// The commands that write a record, exactly as a commit would have left it.
    fn commands(
        &self,
        record: &Record,
        customers: &HashMap<InvoiceId, CustomerId>,
    ) -> Result<Vec<Words>, StoreError> {
        let keys = self.keys();
        let (shop, outbox) = (keys.shop(), keys.key("outbox"));
        Ok(match record {
            Record::Shop(shop_record) => {
                let json = text::json(shop_record)?;
                vec![words!["HSET", shop, "layout", LAYOUT, "version", shop_record.version, "doc", json]]
            }
            Record::Access(access) => {
                let json = text::json(access)?;
                vec![words!["HSET", shop, "access_version", access.version, "access", json]]
            }
            Record::Chain(chain) => {
                let [compared, document] = text::chain_fields(chain.currency);
                let (place, json) = (position(chain.cursor), text::json(chain)?);
                vec![words!["HSET", shop, compared, place, document, json]]
            }
            Record::Account(account) => vec![
                words!["SET", keys.account(&account.id), text::account(account)?],
                words!["ZADD", keys.key("index:accounts"), 0, account.id],
            ],
            Record::Number(record) => self.number_commands(record)?,
            Record::Invoice(invoice) => {
                let mut commands = vec![
                    words!["SET", keys.invoice(invoice.id), text::invoice(invoice)?],
                    words!["SET", keys.payload(&invoice.payload), invoice.id],
                    words!["ZADD", keys.key("index:invoices"), places::of_invoice(invoice), invoice.id],
                ];
                let moment = invoice.id.timestamp_ms();
                commands.extend(self.filed("invoices", &invoice.customer, moment, &invoice.id));
                commands
            }
            Record::Payment(payment) => {
                self.payment_commands(payment, payment.invoice.and_then(|id| customers.get(&id)))?
            }
            Record::Once(once) => {
                let key = keys.once(&once.key);
                vec![match once.keep_until {
                    None => words!["SET", key, once.value],
                    Some(until) => {
                        words![
                            "SET",
                            key,
                            once.value,
                            "EXAT",
                            until.unix().saturating_sub(self.ahead()).max(1)
                        ]
                    }
                }]
            }
            Record::History(line) => vec![words!["RPUSH", keys.history(line.number), text::json(line)?]],
            Record::Audit(line) => {
                vec![words!["XADD", keys.key("audit:admin"), "0-*", "doc", text::json(line)?]]
            }
            Record::Event(entry) => {
                vec![words!["XADD", outbox, format!("0-{}", entry.seq), "doc", text::event(&entry.event)?]]
            }
            Record::LastEvent { seq } => vec![
                // Makes the stream when all its events were forgotten.
                words!["XGROUP", "CREATE", outbox, "filling", "0", "MKSTREAM"],
                words!["XGROUP", "DESTROY", outbox, "filling"],
                words!["XSETID", outbox, format!("0-{seq}")],
            ],
            Record::Group { name, given } => {
                vec![words!["XGROUP", "CREATE", outbox, name, format!("0-{given}"), "MKSTREAM"]]
            }
            Record::Delivery(delivery) => self.delivery_commands(delivery),
            Record::Note(note) => vec![
                words!["SET", keys.note(&note.key), notes::held(note)],
                words!["ZADD", keys.key("index:notes"), 0, note.key],
            ],
        })
    }

    /// Listings of what belongs to a customer, and to its integrator.
    fn filed(&self, kind: &str, customer: &CustomerId, place: u64, member: &impl ToString) -> Vec<Words> {
        let (keys, place, member) = (self.keys(), place.to_string(), member.to_string());
        let integrator = customer.integrator().cloned().map(Owner::Integrator);
        let owners = std::iter::once(Owner::Customer(customer.clone())).chain(integrator);
        let listings = owners.filter_map(|owner| keys.owned(kind, &owner));
        listings.map(|key| words!["ZADD", key, place, member]).collect()
    }

    fn number_commands(&self, record: &NumberRecord) -> Result<Vec<Words>, StoreError> {
        let (keys, number) = (self.keys(), record.number);
        let mut commands = vec![
            words!["HSET", keys.rental(number), "doc", text::number(record)?],
            words!["ZADD", keys.key("index:numbers"), places::of_number(record), number],
        ];
        if let Some(customer) = record.customer() {
            commands.extend(self.filed("numbers", customer, number.as_u64(), &number));
        }
        if let Some(deadline) = record.deadline {
            commands.push(words!["ZADD", keys.key("expiry:zset"), deadline.unix(), number]);
        }
        Ok(commands)
    }

    fn payment_commands(
        &self,
        payment: &Payment,
        customer: Option<&CustomerId>,
    ) -> Result<Vec<Words>, StoreError> {
        let (keys, lt, outcome) = (self.keys(), payment.lt, payment.outcome.name());
        let name = places::name_of_payment(lt, payment.tx);
        let sums = keys.index("payments", "sums");
        let mut commands = vec![
            words!["SET", keys.payment(payment.tx), text::payment(payment)?],
            words!["ZADD", keys.index("payments", outcome), lt, name],
        ];
        for (part, unit) in text::parts(payment.amount) {
            commands.push(words!["HINCRBY", sums, format!("{outcome}:{unit}"), part]);
        }
        if let Some(reason) = payment.outcome.reason() {
            let key = keys.index("payments", format_args!("reason:{}", reason.name()));
            commands.push(words!["ZADD", key, lt, name]);
        }
        if let Some(customer) = customer {
            commands.extend(self.filed("payments", customer, lt, &name));
        }
        Ok(commands)
    }

    fn delivery_commands(&self, delivery: &DeliveryRecord) -> Vec<Words> {
        let DeliveryRecord { group, seq, attempt, stage } = delivery;
        let (keys, id) = (self.keys(), format!("0-{seq}"));
        let claim =
            words!["XCLAIM", keys.key("outbox"), group, "-", 0, id, "RETRYCOUNT", attempt, "FORCE", "JUSTID"];
        let stage = match stage {
            DeliveryStage::Resting { until } => {
                words!["ZADD", keys.outbox("resting", group), until.unix(), seq]
            }
            DeliveryStage::Dead { reason } => {
                words!["ZADD", keys.outbox("dead", group), seq, format!("{seq} {reason}")]
            }
        };
        vec![claim, stage]
    }
}

/// The sequence in an entry's id.
fn sequence(id: &Value) -> Result<u64, StoreError> {
    let id = String::from_redis_value(id.clone()).map_err(|_| strange())?;
    id.split_once('-').and_then(|(_, seq)| seq.parse().ok()).ok_or_else(strange)
}
