//! Applying one change set: compare everything, then write everything.
//!
//! The caller's task turns documents into text before the writer's thread sees them, so that the one thread that
//! all customers share does as little as possible.

use rental_core::{
    Access, Account, ChainMove, Changes, Commit, CommitId, Currency, Documents, Invoice, InvoiceId,
    LeaseName, LeaseToken, Load, NumberRecord, Once, OnceKey, Payload, Payment, Seconds, Shop, Timestamp,
    collect,
};
use rusqlite::types::ToSqlOutput;
use rusqlite::{Connection, OptionalExtension, ToSql};
use serde::Serialize;

use crate::error::Fault;
use crate::load::{Shelves, digits, moment};
use crate::{leases, payments};

/// How long a commit's own once-key is kept: longer than anybody tries to send the commit again.
const COMMIT_KEPT: Seconds = Seconds::from_days(1);

/// A change set, packed for the writer.
pub(crate) struct Parcel {
    commit_id: CommitId,
    read: Load,
    lock: Option<(LeaseName, Option<LeaseToken>)>,
    documents: Vec<Document>,
    payment: Option<Payment>,
    chain: Option<Move>,
    once: Vec<Once>,
    payloads: Vec<(Payload, InvoiceId)>,
    history: Vec<String>,
    audit: Vec<String>,
    events: Vec<String>,
}

/// A document with its new version.
pub(crate) struct Document {
    table: &'static Table,
    key: Key,
    version: u64,
    text: String,
}

struct Move {
    currency: Currency,
    from: rental_core::ChainCursor,
    to: String,
}

/// How the documents of one table are compared and written.
struct Table {
    version: &'static str,
    put: &'static str,
}

macro_rules! table {
    ($name:literal, $key:literal) => {
        &Table {
            version: concat!("SELECT version FROM ", $name, " WHERE ", $key, " = ?1"),
            put: concat!(
                "INSERT INTO ",
                $name,
                " (",
                $key,
                ", doc) VALUES (?1, ?2) ON CONFLICT (",
                $key,
                ") DO UPDATE SET doc = excluded.doc"
            ),
        }
    };
}
const NUMBERS: &Table = table!("numbers", "number");
const INVOICES: &Table = table!("invoices", "id");
const ACCOUNTS: &Table = table!("accounts", "id");
const SHOP: &Table = table!("shop", "id");
const ACCESS: &Table = table!("access", "id");
/// The key of the one row of a table that has one row.
const ONLY: Key = Key::Integer(1);

enum Key {
    Integer(i64),
    Text(String),
}

impl ToSql for Key {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        match self {
            Self::Integer(key) => key.to_sql(),
            Self::Text(key) => key.to_sql(),
        }
    }
}

impl Document {
    pub(crate) fn of_number(new: &NumberRecord) -> Result<Self, Fault> {
        Self::pack(NUMBERS, Key::Integer(digits(new.number)), new.version, new)
    }

    pub(crate) fn of_invoice(new: &Invoice) -> Result<Self, Fault> {
        Self::pack(INVOICES, Key::Text(new.id.to_string()), new.version, new)
    }

    pub(crate) fn of_account(new: &Account) -> Result<Self, Fault> {
        Self::pack(ACCOUNTS, Key::Text(new.id.to_string()), new.version, new)
    }

    pub(crate) fn of_shop(new: &Shop) -> Result<Self, Fault> {
        Self::pack(SHOP, ONLY, new.version, new)
    }

    pub(crate) fn of_access(new: &Access) -> Result<Self, Fault> {
        Self::pack(ACCESS, ONLY, new.version, new)
    }

    fn pack(table: &'static Table, key: Key, version: u64, document: &impl Serialize) -> Result<Self, Fault> {
        Ok(Self { table, key, version, text: text(document)? })
    }

    /// Writes it over what is stored.
    pub(crate) fn put(&self, db: &Connection) -> Result<(), Fault> {
        db.prepare_cached(self.table.put)?.execute((&self.key, &self.text))?;
        Ok(())
    }
}

/// The JSON of a document or a line.
pub(crate) fn text(document: &impl Serialize) -> Result<String, Fault> {
    serde_json::to_string(document).map_err(|_| Fault::corrupt("a document"))
}

fn texts(lines: &[impl Serialize]) -> Result<Vec<String>, Fault> {
    lines.iter().map(text).collect()
}

impl Parcel {
    /// Packs `changes`.
    pub(crate) fn pack(changes: &Changes) -> Result<Self, Fault> {
        let Changes {
            commit_id,
            read,
            lease,
            number,
            invoices,
            accounts,
            payment,
            shop,
            access,
            chain,
            once,
            history,
            audit,
            events,
        } = changes;
        let mut documents = Vec::new();
        documents.extend(number.iter().map(Document::of_number));
        documents.extend(invoices.iter().map(Document::of_invoice));
        documents.extend(accounts.iter().map(Document::of_account));
        documents.extend(shop.iter().map(Document::of_shop));
        documents.extend(access.iter().map(Document::of_access));
        let chain = chain.map(|ChainMove { from, to }| -> Result<Move, Fault> {
            Ok(Move { currency: to.currency, from, to: text(&to)? })
        });
        Ok(Self {
            commit_id: *commit_id,
            read: read.clone(),
            lock: number.as_ref().map(|new| (LeaseName::Number(new.number), lease.clone())),
            documents: documents.into_iter().collect::<Result<_, _>>()?,
            payment: payment.clone(),
            chain: chain.transpose()?,
            once: once.clone(),
            payloads: changes.new_invoices().map(|new| (new.payload.clone(), new.id)).collect(),
            history: texts(history)?,
            audit: texts(audit)?,
            events: texts(events)?,
        })
    }

    /// Compares and writes, in the transaction that `db` is in.
    pub(crate) fn apply(&self, db: &Connection, now: Timestamp) -> Result<Commit, Fault> {
        if let Some(taken) = self.taken_key(db, now)? {
            return Ok(Commit::Duplicate(taken));
        }
        if let Some((name, token)) = &self.lock
            && let Some(until) = leases::foreign(db, name, token.as_ref(), now)?
        {
            return Ok(Commit::Locked { until });
        }
        if !self.follows(db)? {
            let current = Box::new(collect(&mut Shelves(db), &self.read, now)?);
            return Ok(Commit::Conflict { current });
        }
        self.write(db, now)?;
        Ok(Commit::Committed)
    }

    /// The first once-key that is taken, the commit's own first.
    fn taken_key(&self, db: &Connection, now: Timestamp) -> Result<Option<OnceKey>, Fault> {
        let own = OnceKey::Commit(self.commit_id);
        for key in std::iter::once(&own).chain(self.once.iter().map(|once| &once.key)) {
            if Shelves(db).once(key, now)?.is_some() {
                return Ok(Some(key.clone()));
            }
        }
        let mut taken = db.prepare_cached(
            "SELECT 1 FROM invoices INDEXED BY invoices_by_payload WHERE payload = ?1 AND id <> ?2",
        )?;
        for (payload, id) in &self.payloads {
            if taken.exists([payload.as_str(), &id.to_string()])? {
                return Ok(Some(OnceKey::Payload(payload.clone())));
            }
        }
        Ok(None)
    }

    /// Whether everything stored stands right before what would be written.
    fn follows(&self, db: &Connection) -> Result<bool, Fault> {
        for document in &self.documents {
            if !follows(db, document.table.version, &document.key, document.version)? {
                return Ok(false);
            }
        }
        if let Some(payment) = &self.payment {
            let sql = "SELECT version FROM payments WHERE tx = ?1";
            if !follows(db, sql, &payment.tx.to_string(), payment.version)? {
                return Ok(false);
            }
        }
        if let Some(chain) = &self.chain {
            let position = Shelves(db).chain(chain.currency)?.map(|stored| stored.cursor).unwrap_or_default();
            return Ok(position == chain.from);
        }
        Ok(true)
    }

    fn write(&self, db: &Connection, now: Timestamp) -> Result<(), Fault> {
        let Self {
            commit_id,
            read: _,
            lock: _,
            documents,
            payment,
            chain,
            once,
            payloads: _,
            history,
            audit,
            events,
        } = self;
        let until = Some(now + COMMIT_KEPT);
        claim(db, &OnceKey::Commit(*commit_id), "", until)?;
        for once in once {
            claim(db, &once.key, &once.value, once.keep_until)?;
        }
        for document in documents {
            document.put(db)?;
        }
        // After the invoices: its row says whose invoice it names.
        if let Some(payment) = payment {
            payments::put(db, payment)?;
        }
        if let Some(chain) = chain {
            put_chain(db, chain.currency, &chain.to)?;
        }
        append(db, HISTORY, history)?;
        append(db, AUDIT, audit)?;
        append(db, "INSERT INTO outbox (doc) VALUES (?1)", events)
    }
}

/// Whether version `new` comes right after the stored one, where none counts as 0.
fn follows(db: &Connection, sql: &str, key: &dyn ToSql, new: u64) -> Result<bool, Fault> {
    let stored: Option<i64> = db.prepare_cached(sql)?.query_row([key], |row| row.get(0)).optional()?;
    let before = new.checked_sub(1).and_then(|before| i64::try_from(before).ok());
    Ok(before == Some(stored.unwrap_or(0)))
}

/// Writes the position in a currency's chain, a JSON text.
pub(crate) fn put_chain(db: &Connection, currency: Currency, position: &str) -> Result<(), Fault> {
    let sql = "INSERT INTO chain (currency, doc) VALUES (?1, ?2)
               ON CONFLICT (currency) DO UPDATE SET doc = excluded.doc";
    db.prepare_cached(sql)?.execute([currency.name(), position])?;
    Ok(())
}

/// Records a once-key.
pub(crate) fn claim(
    db: &Connection,
    key: &OnceKey,
    value: &str,
    keep_until: Option<Timestamp>,
) -> Result<(), Fault> {
    let sql = "INSERT INTO once (key, value, keep_until) VALUES (?1, ?2, ?3)
               ON CONFLICT (key) DO UPDATE SET value = excluded.value, keep_until = excluded.keep_until";
    db.prepare_cached(sql)?.execute((key.to_string(), value, keep_until.map(moment)))?;
    Ok(())
}

/// How lines get into a number's history and into the audit trail.
pub(crate) const HISTORY: &str = "INSERT INTO history (doc) VALUES (?1)";
pub(crate) const AUDIT: &str = "INSERT INTO audit (doc) VALUES (?1)";

/// Appends lines, JSON texts, with one of the statements above.
pub(crate) fn append(db: &Connection, sql: &str, lines: &[String]) -> Result<(), Fault> {
    let mut insert = db.prepare_cached(sql)?;
    for line in lines {
        insert.execute([line])?;
    }
    Ok(())
}
