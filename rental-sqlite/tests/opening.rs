//! What is opened, what is refused, and that a refused file is left as it was.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use rental_core::{Commit, Load, ManualClock, Store};
use rental_sqlite::{OpenError, SqliteStore};
use rusqlite::Connection;
use tempfile::TempDir;

#[path = "../testing/rent.rs"]
mod rent;

use rent::{Customer, START};

fn open(path: &Path) -> Result<SqliteStore, OpenError> {
    SqliteStore::open(path, Arc::new(ManualClock::at(START)))
}

fn folder() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("rental.db");
    (folder, path)
}

/// The names in the folder and what the files hold.
fn contents(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let entries = fs::read_dir(folder).expect("a folder");
    let mut found: Vec<_> = entries
        .map(|entry| entry.expect("an entry").path())
        .map(|path| (path.clone(), fs::read(&path).unwrap_or_default()))
        .collect();
    found.sort();
    found
}

/// Opens `path`, which must fail and change nothing in its folder.
fn refusal(path: &Path) -> OpenError {
    let folder = path.parent().expect("a folder");
    let before = contents(folder);
    let error = open(path).expect_err("this is not to be opened");
    assert!(before == contents(folder), "the folder was changed: {error}");
    let text = error.to_string();
    assert!(text.contains(';'), "the text says what to do: {text}");
    error
}

async fn with_a_rent(path: &Path) -> Customer {
    let store = open(path).expect("the store opens");
    let mut customer = Customer::new(1);
    assert_eq!(store.commit(&customer.rent()).await, Ok(Commit::Committed));
    customer
}

#[tokio::test]
async fn what_was_written_is_there_after_reopening() {
    let (folder, path) = folder();
    let mut customer = with_a_rent(&path).await;
    let names: Vec<_> = contents(folder.path()).into_iter().map(|(name, _)| name).collect();
    assert_eq!(
        names,
        [path.clone(), path.with_file_name("rental.db.lock"), path.with_file_name("rental.db.next")],
        "the log is in the file"
    );

    let store = open(&path).expect("the store opens again");
    let state = store.load(&customer.load()).await.expect("loads");
    assert_eq!(state.number.map(|number| number.version), Some(1));
    assert_eq!(store.commit(&customer.rent()).await, Ok(Commit::Committed));
    assert_eq!(store.check().await, Ok(vec![]));
}

#[tokio::test]
async fn an_empty_file_becomes_a_store() {
    let (_folder, path) = folder();
    fs::write(&path, "").expect("a file");
    with_a_rent(&path).await;
}

#[tokio::test]
async fn a_draft_that_a_crash_left_is_no_hindrance() {
    let (folder, path) = folder();
    fs::write(path.with_file_name("rental.db.new"), "half a database").expect("a file");
    fs::write(path.with_file_name("rental.db.new-journal"), "half a journal").expect("a file");
    with_a_rent(&path).await;
    assert_eq!(contents(folder.path()).len(), 3, "the database and the two side files");
}

#[test]
fn a_path_that_cannot_be_a_store_is_refused() {
    let (folder, path) = folder();
    let error = open(&path.join("rental.db")).expect_err("no such folder");
    assert!(matches!(error, OpenError::NoFolder(_)));
    assert_eq!(contents(folder.path()), []);
    fs::create_dir(&path).expect("a folder");
    assert!(matches!(refusal(&path), OpenError::NotAFile(_)));
}

#[test]
fn a_file_that_is_no_database_is_refused() {
    let (_folder, path) = folder();
    for text in ["x", "SQLite format 3\0", &"a letter to a friend ".repeat(1000)] {
        fs::write(&path, text).expect("a file");
        assert!(matches!(refusal(&path), OpenError::NotADatabase(_)));
    }
}

#[test]
fn another_applications_database_is_refused() {
    let (_folder, path) = folder();
    let foreign = Connection::open(&path).expect("a database");
    foreign.execute_batch("PRAGMA journal_mode = wal; CREATE TABLE songs (title TEXT)").expect("a table");
    drop(foreign);
    assert!(matches!(refusal(&path), OpenError::Foreign(_)));
}

#[tokio::test]
async fn a_newer_versions_database_is_refused() {
    let (_folder, path) = folder();
    with_a_rent(&path).await;
    let newer = Connection::open(&path).expect("a database");
    newer.pragma_update(None, "user_version", 99).expect("a version");
    drop(newer);
    assert!(matches!(refusal(&path), OpenError::Newer { found: 99, .. }));
}

#[test]
fn a_log_without_its_database_is_not_taken_for_a_new_ones() {
    let (_folder, path) = folder();
    fs::write(path.with_file_name("rental.db-wal"), "frames").expect("a file");
    assert!(matches!(refusal(&path), OpenError::Remains(_)));
}

#[tokio::test]
async fn a_damaged_database_says_so() {
    let (_folder, path) = folder();
    with_a_rent(&path).await;
    let mut bytes = fs::read(&path).expect("the file");
    bytes[100..].fill(0x5a);
    fs::write(&path, bytes).expect("the file");
    let error = open(&path).expect_err("damaged");
    assert!(matches!(error, OpenError::Damaged { .. }), "{error}");
}

#[tokio::test]
async fn a_doctored_document_is_found_and_not_believed() {
    let (_folder, path) = folder();
    let customer = with_a_rent(&path).await;
    let shell = Connection::open(&path).expect("a database");
    shell
        .execute_batch(
            "PRAGMA ignore_check_constraints = ON;
             UPDATE numbers SET doc = replace(doc, '+888', '+999'); UPDATE accounts SET doc = '{\"version\":1}'",
        )
        .expect("the rows are written");
    drop(shell);
    let store = open(&path).expect("the store opens");
    let loaded = store.load(&customer.load()).await;
    assert!(matches!(loaded, Err(rental_core::StoreError::Corrupt(_))), "{loaded:?}");
    let found = store.check().await.expect("the file can be read");
    assert!(found.iter().any(|line| line.contains("numbers")), "{found:?}");
    assert!(found.iter().any(|line| line.contains("accounts")), "{found:?}");
}

#[tokio::test]
async fn a_document_of_the_wrong_shape_is_found() {
    let (_folder, path) = folder();
    with_a_rent(&path).await;
    let shell = Connection::open(&path).expect("a database");
    shell.execute("UPDATE numbers SET doc = json_remove(doc, '$.plans')", []).expect("the schema allows it");
    drop(shell);
    let store = open(&path).expect("the store opens");
    let found = store.check().await.expect("the file can be read");
    assert!(
        matches!(&found[..], [line] if line.starts_with("numbers 88800000001 cannot be read")),
        "{found:?}"
    );
}

#[tokio::test]
async fn history_and_audit_cannot_be_rewritten_in_the_shell() {
    let (_folder, path) = folder();
    with_a_rent(&path).await;
    let shell = Connection::open(&path).expect("a database");
    for statement in ["DELETE FROM history", "UPDATE history SET doc = '{}'"] {
        let error = shell.execute(statement, []).expect_err("append-only");
        assert!(error.to_string().contains("append-only"), "{error}");
    }
}

#[test]
fn processes_that_make_the_same_file_at_once_all_succeed() {
    let (_folder, path) = folder();
    let processes: Vec<_> =
        (1..=4).map(|_| helper("opens_and_commits", &path).spawn().expect("a process")).collect();
    for mut process in processes {
        assert!(process.wait().expect("a process").success());
    }
}

/// A user that may not write is refused before anything is written. Root may do everything, so a root's test runs
/// the attempt as nobody.
#[cfg(unix)]
#[test]
fn without_the_right_to_write_or_read_the_text_says_so() {
    use std::os::unix::fs::PermissionsExt;
    use std::os::unix::process::CommandExt;

    let (folder, path) = folder();
    drop(open(&path).expect("the store opens"));
    let program = folder.path().join("helper");
    fs::copy(std::env::current_exe().expect("a path"), &program).expect("a copy");
    let allow = |path: &Path, mode| {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("it is ours");
    };
    let attempt = |expected: &str| {
        let mut command = helper_of(&program, "is_refused", &path);
        command.env("EXPECTED", expected);
        if fs::metadata("/proc/self").is_ok_and(|own| std::os::unix::fs::MetadataExt::uid(&own) == 0) {
            command.uid(65534).gid(65534);
        }
        let before = contents(folder.path());
        assert!(command.status().expect("a process").success(), "{expected}");
        assert!(before == contents(folder.path()));
    };
    allow(folder.path(), 0o755);
    allow(&program, 0o755);
    allow(&path, 0o400);
    if fs::metadata(&path).is_ok_and(|file| std::os::unix::fs::MetadataExt::uid(&file) == 0) {
        attempt("may not be read");
    }
    allow(&path, 0o444);
    attempt("may not be written");
    fs::remove_file(&path).expect("it is ours");
    for side_file in ["rental.db.lock", "rental.db.next"] {
        fs::remove_file(path.with_file_name(side_file)).expect("it is ours");
    }
    allow(folder.path(), 0o555);
    attempt("may not be written");
    allow(folder.path(), 0o755);
}

/// This test program as a process of its own, running one of the helpers below.
fn helper(name: &str, path: &Path) -> Command {
    helper_of(&std::env::current_exe().expect("a path"), name, path)
}

fn helper_of(program: &Path, name: &str, path: &Path) -> Command {
    let mut command = Command::new(program);
    command.args(["--ignored", "--exact", "--quiet", name]).env("RENTAL_DB", path);
    command
}

fn given_path() -> PathBuf {
    std::env::var_os("RENTAL_DB").expect("run by another test").into()
}

#[tokio::test]
#[ignore = "a process of the tests above"]
async fn opens_and_commits() {
    let store = open(&given_path()).expect("the store opens");
    let mut customer = Customer::new(u64::from(std::process::id()));
    assert_eq!(store.commit(&customer.rent()).await, Ok(Commit::Committed));
    assert!(store.load(&Load::default()).await.is_ok());
}

#[test]
#[ignore = "a process of the tests above"]
fn is_refused() {
    let expected = std::env::var("EXPECTED").expect("run by another test");
    let error = open(&given_path()).expect_err("this is not to be opened");
    assert!(error.to_string().contains(&expected), "{error}");
}
