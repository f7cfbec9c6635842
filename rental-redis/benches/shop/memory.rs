//! Bytes that numbers take: in the server's whole memory, and in the keys that belong to them.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::customers::Shop;
use crate::figures::heading;

const LISTED: u64 = 50_000;
const RENTED: u64 = 20_000;

pub(crate) async fn run() {
    let shop = Arc::new(Shop::open_empty().await);
    let empty = shop.used_memory();
    Shop::fill(&shop, 0..LISTED, Shop::list).await;
    let (with_listed, keys_listed) = (shop.used_memory(), keys(&shop));
    Shop::fill(&shop, 0..RENTED, Shop::rent_for_a_month).await;
    let (with_rented, keys_rented) = (shop.used_memory(), keys(&shop));

    heading("a number | whole server, bytes | its keys `rental` and `history` | its places in listings");
    let per = |bytes: u64, count: u64| bytes / count;
    let sum = |keys: &BTreeMap<String, u64>, listings: bool| -> u64 {
        let is_listing = |kind: &str| kind.starts_with("index:numbers") || kind == "expiry:zset";
        let own = |kind: &str| kind == "rental" || kind == "history:number";
        let wanted = keys.iter().filter(|(kind, _)| if listings { is_listing(kind) } else { own(kind) });
        wanted.map(|(_, bytes)| bytes).sum()
    };
    let (own_listed, listings_listed) = (sum(&keys_listed, false), sum(&keys_listed, true));
    println!(
        "| listed | {} | {} | {} |",
        per(with_listed - empty, LISTED),
        per(own_listed, LISTED),
        per(listings_listed, LISTED),
    );
    // What the rented ones have now, beside what the others have as before.
    let rest = LISTED - RENTED;
    let of_rented = |now: u64, before: u64| per(now.saturating_sub(before * rest / LISTED), RENTED);
    println!(
        "| rented | {} | {} | {} |",
        of_rented(with_rented - empty, with_listed - empty),
        of_rented(sum(&keys_rented, false), own_listed),
        of_rented(sum(&keys_rented, true), listings_listed),
    );

    heading("keys of the shop with 20,000 of 50,000 rented | bytes | bytes/rented number");
    for (kind, bytes) in &keys_rented {
        let before = keys_listed.get(kind).copied().unwrap_or_default();
        println!("| {kind} | {bytes} | {} |", per(bytes.saturating_sub(before), RENTED));
    }
}

/// `MEMORY USAGE` of all keys, by kind: what stands before the name, without names of customers.
fn keys(shop: &Shop) -> BTreeMap<String, u64> {
    const COUNT: &str = "
        local cursor, sums = '0', {}
        repeat
            local page = redis.call('SCAN', cursor, 'COUNT', 1000)
            cursor = page[1]
            for _, key in ipairs(page[2]) do
                local name = key:gsub('^shop:', '')
                local kind = name:match('^index:%a+:customer') or name:match('^index:[%a:]+$')
                    or name:match('^history:number') or name:match('^once:%a+') or name:match('^outbox')
                    or name:match('^expiry:zset') or name:match('^%a+')
                local bytes = redis.call('MEMORY', 'USAGE', key, 'SAMPLES', 0)
                sums[kind] = (sums[kind] or 0) + bytes
            end
        until cursor == '0'
        local lines = {}
        for kind, bytes in pairs(sums) do
            lines[#lines + 1] = kind .. ' ' .. string.format('%.0f', bytes)
        end
        return table.concat(lines, '\\n')";
    let report = shop.server.cli(&["EVAL", COUNT, "0"]);
    let line = |line: &str| {
        let (kind, bytes) = line.split_once(' ').expect("two words");
        (kind.to_owned(), bytes.trim().parse().expect("bytes"))
    };
    report.lines().map(line).collect()
}
