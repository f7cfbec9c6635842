//! A file that is filled with another store's shop: what it is meanwhile, and for whom.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rental_core::{
    Archive, ArchiveError, Commit, DeliveryRecord, DeliveryStage, FillingId, Load, ManualClock, PageRequest,
    Record, Section, Store, StoreError, Ulid,
};
use rental_sqlite::{OpenError, SqliteStore};
use rusqlite::Connection;
use tempfile::TempDir;

#[path = "../testing/rent.rs"]
mod rent;

use rent::{Customer, START};

const FIRST: FillingId = FillingId(Ulid::from_parts(1, 1));
const SECOND: FillingId = FillingId(Ulid::from_parts(1, 2));

fn open(path: &Path) -> Result<SqliteStore, OpenError> {
    SqliteStore::open(path, Arc::new(ManualClock::at(START)))
}

fn open_to_fill(path: &Path) -> SqliteStore {
    SqliteStore::open_to_fill(path, Arc::new(ManualClock::at(START))).expect("the store opens")
}

fn folder() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("rental.db");
    (folder, path)
}

/// All records of a shop with one rent.
async fn records() -> Vec<Record> {
    let store = SqliteStore::in_memory(Arc::new(ManualClock::at(START))).expect("a store");
    assert_eq!(store.commit(&Customer::new(1).rent()).await, Ok(Commit::Committed));
    let mut records = Vec::new();
    for section in Section::ALL {
        let page = store.read_out(section, &PageRequest::first(10)).await.expect("reads");
        records.extend(page.items);
    }
    records
}

/// What the schema consists of.
fn schema(path: &Path) -> Vec<(String, Option<String>)> {
    let db = Connection::open(path).expect("a database");
    let mut statement = db.prepare("SELECT name, sql FROM sqlite_schema ORDER BY name").expect("a schema");
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).expect("rows");
    rows.collect::<Result<_, _>>().expect("rows")
}

#[tokio::test]
async fn an_unfinished_file_is_opened_only_to_be_filled() {
    let (_folder, path) = folder();
    let records = records().await;
    let store = open_to_fill(&path);
    store.begin_filling(FIRST).await.expect("it is empty");
    store.fill(FIRST, &records[..3]).await.expect("takes records");
    let refused = |error: OpenError| {
        assert!(matches!(error, OpenError::Unfinished(_)), "{error}");
        assert!(error.to_string().contains("; run the copy again"), "{error}");
    };
    refused(open(&path).expect_err("while it is filled"));
    store.close();
    refused(open(&path).expect_err("after an interruption"));

    let store = open_to_fill(&path);
    store.begin_filling(SECOND).await.expect("it is begun again");
    store.fill(SECOND, &records).await.expect("takes records");
    store.finish_filling(SECOND).await.expect("finishes");
    let shop = open(&path).expect("another process opens it");
    store.close();
    let mut customer = Customer::new(1);
    customer.rent();
    assert_eq!(shop.commit(&customer.rent()).await, Ok(Commit::Committed), "it goes on from version 1");
    assert_eq!(shop.check().await, Ok(vec![]));
}

#[tokio::test]
async fn whoever_has_the_empty_file_open_is_kept_off_while_it_is_filled() {
    let (_folder, path) = folder();
    let (shop, filler) = (open(&path).expect("the store opens"), open_to_fill(&path));
    let mut customer = Customer::new(1);
    filler.begin_filling(FIRST).await.expect("it is empty");
    let rent = customer.rent();
    assert_eq!(shop.load(&Load::default()).await.err(), Some(StoreError::unfinished()));
    assert_eq!(shop.commit(&rent).await.err(), Some(StoreError::unfinished()));
    filler.finish_filling(FIRST).await.expect("finishes");
    assert_eq!(shop.commit(&rent).await, Ok(Commit::Committed));
    assert_eq!(filler.begin_filling(SECOND).await, Err(ArchiveError::NotEmpty));
}

#[tokio::test]
async fn a_filled_file_has_the_schema_and_the_guards_of_a_new_one() {
    let (_folder, path) = folder();
    let new = path.with_file_name("new.db");
    drop(open(&new).expect("the store opens"));
    let (store, records) = (open_to_fill(&path), records().await);
    for id in [FIRST, SECOND] {
        store.begin_filling(id).await.expect("it is empty or unfinished");
        store.fill(id, &records).await.expect("takes records");
    }
    store.finish_filling(SECOND).await.expect("finishes");
    store.close();
    assert_eq!(schema(&path), schema(&new));
    let db = Connection::open(&path).expect("a database");
    let lines: i64 = db.query_row("SELECT count(*) FROM history", [], |row| row.get(0)).expect("a count");
    assert_eq!(lines, 1);
    let error = db.execute("DELETE FROM history", []).expect_err("append-only");
    assert!(error.to_string().contains("append-only"), "{error}");
}

#[tokio::test]
async fn a_record_that_refers_to_nothing_is_not_taken() {
    let (_folder, path) = folder();
    let store = open_to_fill(&path);
    store.begin_filling(FIRST).await.expect("it is empty");
    let stray = DeliveryRecord {
        group: "bot".to_owned(),
        seq: 7,
        attempt: 1,
        stage: DeliveryStage::Resting { until: START },
    };
    let answer = store.fill(FIRST, &[Record::Delivery(stray)]).await;
    assert!(matches!(answer, Err(ArchiveError::Store(StoreError::Corrupt(_)))), "{answer:?}");
    store.close();
    assert!(matches!(open(&path), Err(OpenError::Unfinished(_))));
}

#[tokio::test]
async fn a_doctored_once_key_is_not_copied() {
    let (_folder, path) = folder();
    drop(open(&path).expect("the store opens"));
    let db = Connection::open(&path).expect("a database");
    db.execute("INSERT INTO once (key, value) VALUES ('tx:nonsense', '')", []).expect("a row");
    drop(db);
    let store = open(&path).expect("the store opens");
    let answer = store.read_out(Section::Once, &PageRequest::first(10)).await;
    assert!(matches!(answer, Err(StoreError::Corrupt(_))), "{answer:?}");
}
