use std::sync::mpsc;

use rental_core::{StoreError, SystemClock, Timestamp};

use super::*;

type Work = Box<dyn Fn(&Connection, Timestamp) -> Result<(), Fault> + Send>;

fn start() -> (Arc<Desk>, Arc<Counters>) {
    let db = Connection::open_in_memory().expect("a connection");
    db.execute_batch("CREATE TABLE notes (text TEXT NOT NULL UNIQUE) STRICT").expect("a table");
    let counters = Arc::<Counters>::default();
    let writer = Writer { db, turns: None, clock: Arc::new(SystemClock), counters: Arc::clone(&counters) };
    (Arc::new(writer.start().expect("a thread")), counters)
}

fn note(text: &'static str) -> Work {
    Box::new(move |db, _| {
        db.execute("INSERT INTO notes VALUES (?1)", [text])?;
        Ok(())
    })
}

async fn notes(desk: &Desk) -> Vec<String> {
    let sql = "SELECT text FROM notes ORDER BY rowid";
    desk.ask(|db, _| crate::listings::collect(db, sql, [], |row| row.get(0))).await.expect("the notes")
}

/// Hands in `all` while the writer is busy, so that they wait together; answers what each was answered.
async fn at_once(desk: &Arc<Desk>, all: Vec<Work>) -> Vec<Result<(), Fault>> {
    let (go, wait) = mpsc::channel::<()>();
    let busy = desk.ask(move |_, _| {
        // An error means that the jobs are in the queue.
        let _ = wait.recv();
        Ok(())
    });
    let mut answers: Vec<std::pin::Pin<Box<dyn Future<Output = _> + Send + '_>>> = vec![Box::pin(busy)];
    for work in all {
        answers.push(Box::pin(desk.ask(work)));
    }
    for answer in &mut answers {
        // Polled once, a job is in the queue.
        let pending = std::future::poll_fn(|cx| std::task::Poll::Ready(answer.as_mut().poll(cx))).await;
        assert!(pending.is_pending());
    }
    drop(go);
    let mut results = Vec::new();
    for answer in answers {
        results.push(answer.await);
    }
    results.split_off(1)
}

#[tokio::test]
async fn jobs_that_wait_together_share_a_transaction() {
    let (desk, counters) = start();
    let texts: Vec<&'static str> = (0..100).map(|n| &*format!("note {n}").leak()).collect();
    let answers = at_once(&desk, texts.iter().map(|text| note(text)).collect()).await;
    assert!(answers.iter().all(Result::is_ok));
    assert_eq!(notes(&desk).await, texts, "in the order they were handed in");
    let Activity { transactions, jobs, .. } = counters.read();
    assert_eq!(jobs, 102);
    // 101 jobs, 64 at a time, and the one that listed the notes.
    assert_eq!(transactions, 3);
}

#[tokio::test]
async fn a_job_that_fails_takes_back_its_own_writes_only() {
    let (desk, counters) = start();
    let half: Work = Box::new(|db, now| {
        note("half")(db, now)?;
        note("one")(db, now)
    });
    let answers = at_once(&desk, vec![note("one"), half, note("two")]).await;
    assert_eq!(answers[0], Ok(()));
    assert!(matches!(&answers[1], Err(Fault(StoreError::Corrupt(_)))), "{answers:?}");
    assert_eq!(answers[2], Ok(()));
    assert_eq!(notes(&desk).await, ["one", "two"]);
    assert_eq!(counters.read().failed, 0);
}

#[tokio::test]
async fn when_sqlite_takes_the_transaction_back_nobody_is_told_it_was_written() {
    let (desk, counters) = start();
    let full: Work = Box::new(|db, _| {
        db.execute_batch("ROLLBACK")?;
        Err(Fault(StoreError::Unwritable("the disk is full".to_owned())))
    });
    let answers = at_once(&desk, vec![note("one"), full, note("two")]).await;
    for answer in &answers[..2] {
        assert!(matches!(answer, Err(Fault(StoreError::Unwritable(_)))), "{answers:?}");
    }
    assert_eq!(answers[2], Ok(()), "the next transaction is its own");
    assert_eq!(notes(&desk).await, ["two"]);
    assert_eq!(counters.read().failed, 1);
}

#[tokio::test]
async fn after_the_thread_died_everybody_is_told() {
    let (desk, _) = start();
    let fatal: Work = Box::new(|_, _| panic!("a bug, on purpose"));
    let answers = at_once(&desk, vec![note("one"), fatal, note("two")]).await;
    let later = desk.ask(note("later")).await;
    for answer in answers.iter().chain([&later]) {
        let Err(Fault(StoreError::Unavailable(text))) = answer else {
            panic!("{answer:?}");
        };
        assert!(text.contains("restart"), "{text}");
    }
}

#[tokio::test]
async fn what_was_handed_in_before_the_close_is_done() {
    let (desk, _) = start();
    let (tell, told) = mpsc::channel();
    let mut job = Box::pin(desk.ask(move |db, now| {
        note("last")(db, now)?;
        let _ = tell.send(notes_now(db));
        Ok(())
    }));
    let first = std::future::poll_fn(|cx| std::task::Poll::Ready(job.as_mut().poll(cx))).await;
    assert!(first.is_pending() || first.is_ready());
    drop(job); // The caller went away.
    desk.close();
    assert_eq!(told.recv(), Ok(1));
    let answer = desk.ask(note("late")).await;
    assert!(matches!(answer, Err(Fault(StoreError::Unavailable(_)))), "{answer:?}");
}

fn notes_now(db: &Connection) -> i64 {
    db.query_row("SELECT count(*) FROM notes", [], |row| row.get(0)).expect("a count")
}

#[tokio::test]
async fn light_jobs_do_not_wait_for_the_disk_and_others_do() {
    let (normal, full) = (1, 2);
    let (desk, counters) = start();
    let sync =
        |db: &Connection, _| Ok(db.pragma_query_value(None, "synchronous", |row| row.get::<_, i64>(0))?);
    let (go, wait) = mpsc::channel::<()>();
    let mut first = Box::pin(desk.ask_lightly(move |db, now| {
        // An error means that the others are in the queue.
        let _ = wait.recv();
        sync(db, now)
    }));
    let mut light = Box::pin(desk.ask_lightly(sync));
    let mut heavy = Box::pin(desk.ask(sync));
    let mut along = Box::pin(desk.ask_lightly(sync));
    std::future::poll_fn(|cx| {
        let pending = first.as_mut().poll(cx).is_pending()
            && light.as_mut().poll(cx).is_pending()
            && heavy.as_mut().poll(cx).is_pending()
            && along.as_mut().poll(cx).is_pending();
        assert!(pending, "the first one waits, and the others behind it");
        std::task::Poll::Ready(())
    })
    .await;
    drop(go);
    assert_eq!((first.await, light.await), (Ok(normal), Ok(normal)));
    assert_eq!((heavy.await, along.await), (Ok(full), Ok(full)));
    assert_eq!((counters.read().transactions, counters.read().jobs), (2, 4));
}
