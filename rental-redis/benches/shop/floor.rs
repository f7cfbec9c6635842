//! Plain commands on the keys of a shop, without scripts or documents that anybody reads. What they cost more in a large
//! shop than in a small one, the server's own lookups in a larger memory cost more.
//!
//! They overwrite what a shop holds: nothing but these is to be done with it afterwards.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use redis::Pipeline;

use crate::customers::{Shop, number};
use crate::figures::{Figures, micros_since};

/// As long as the document of a number that is rented.
const TEXT: &str = concat!(
    "3 rented tg:1000001 - {\"number\":\"+88800000001\",\"plans\":[{\"term_days\":30,\"price\":\"10000000000\"},",
    "{\"term_days\":360,\"price\":\"100000000000\"}],\"listing\":{\"listing\":\"listed\"},\"holding\":{\"holding\":\"rented\",",
    "\"holder\":\"tg:1000001\",\"started_at\":1795537232,\"expires_at\":1798129232,\"term_days\":30},\"version\":3}"
);

fn rental(n: u64) -> String {
    format!("shop:rental:{}", number(n))
}

impl Shop {
    async fn raw(&self, commands: &Pipeline) {
        let mut connection = self.raw.clone();
        let _: redis::Value = commands.query_async(&mut connection).await.expect("the server answers");
    }

    /// Nothing but the way there and back.
    pub(crate) async fn ping(shop: Arc<Self>, _: u64) {
        shop.raw(redis::pipe().cmd("PING")).await;
    }

    /// Reads the document of a number.
    pub(crate) async fn read_number(shop: Arc<Self>, n: u64) {
        shop.raw(redis::pipe().hget(rental(n), "doc")).await;
    }

    /// Reads the documents that a page shows, and the one that tells that there is another page.
    pub(crate) async fn read_page(shop: Arc<Self>, n: u64) {
        let mut commands = redis::pipe();
        for next in 0..=Self::PAGE {
            commands.hget(rental(n + next), "doc");
        }
        shop.raw(&commands).await;
    }

    /// Moves a number in the listing of all numbers.
    pub(crate) async fn move_number(shop: Arc<Self>, n: u64) {
        let number = number(n).to_string();
        shop.raw(redis::pipe().zadd("shop:index:numbers", &number, format!("2{:0>12}", &number[1..]))).await;
    }

    /// Writes a document that was not there.
    pub(crate) async fn write_new(shop: Arc<Self>, n: u64) {
        shop.raw(redis::pipe().set(format!("shop:floor:{n}"), TEXT)).await;
    }

    /// Writes as many documents, places in listings and lines as a settlement does, in a `MULTI`.
    pub(crate) async fn write_settlement(shop: Arc<Self>, n: u64) {
        let (number, hash) = (number(n).to_string(), format!("{:064x}", u128::from(n) << 64));
        let (id, moment) = (format!("inv_{n:026}"), 1_795_537_232_000 + n);
        let mut commands = redis::pipe();
        commands.atomic();
        commands.hset_nx("shop:once:commits:20781", &id[4..], "1795537232");
        commands.mset(&[
            (format!("shop:invoice:{id}"), TEXT),
            (format!("shop:account:tg:{n}"), TEXT),
            (format!("shop:payment:{hash}"), TEXT),
        ]);
        commands.hset(rental(n), "doc", TEXT);
        commands.zadd("shop:index:numbers", &number, format!("3{:0>12}", &number[1..]));
        commands.zadd(format!("shop:index:numbers:customer:tg:{n}"), &number, &number[1..]);
        commands.zadd("shop:expiry:zset", &number, moment / 1000);
        commands.zadd("shop:index:invoices", &id, format!("2{moment:015}"));
        commands.zadd("shop:index:payments:settled", &hash, moment);
        commands.zadd(format!("shop:index:payments:customer:tg:{n}"), &hash, moment);
        commands.hincr("shop:index:payments:sums", "settled:ton", 10);
        commands.rpush(format!("shop:history:number:{number}"), &TEXT[..150]);
        for _ in 0..2 {
            commands.cmd("XADD").arg("shop:outbox").arg("0-*").arg("doc").arg(TEXT);
        }
        shop.raw(&commands).await;
    }
}

/// Reads, a hundred after the other, each at a place anywhere in so many bytes that only the one before tells; no server
/// takes part.
pub(crate) fn memory_walk(bytes: u64) -> Figures {
    const COUNT: u64 = 500;
    let bytes = usize::try_from(bytes).expect("it fits into memory");
    let mut memory = vec![0_u8; bytes];
    memory.iter_mut().step_by(4096).for_each(|byte| *byte = 1);
    let mut place = 1_u64;
    let mut walk = |reads: u64| {
        for _ in 0..reads {
            let at = usize::try_from(place >> 20).expect("44 bits") % bytes;
            place = place.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1 + u64::from(memory[at]));
        }
        black_box(place);
    };
    walk(100 * COUNT);
    let begin = Instant::now();
    walk(100 * COUNT);
    let elapsed_micros = micros_since(begin);
    Figures { count: COUNT, elapsed_micros, server_micros: elapsed_micros, ..Figures::default() }
}
