"""A rent as it is usually written: lock, read, write in a transaction, unlock if the lock is still ours.

    pip install redis hiredis
    python3 classic.py PORT CUSTOMERS RENTS

Rents the numbers 000000000000, 000000000001, … and writes the keys that the store's own commit writes. Prints the
microseconds that all took, those of the middle one, those that one in a hundred exceeds, and how often the server was
asked.
"""

import asyncio
import json
import secrets
import sys
import time

import hiredis  # noqa: F401  (redis uses it when it is there)
import redis.asyncio

UNLOCK = """
if redis.call('GET', KEYS[1]) == ARGV[1] then
    return redis.call('DEL', KEYS[1])
end
return 0
"""
PREFIX = "shop:"
TERM = 30 * 86_400
INVOICE_TTL = 15 * 60
RESERVED = 2 * 10**12
OPEN = 1 * 10**15


class NotAvailable(Exception):
    pass


class Shop:
    def __init__(self, port, customers):
        self.redis = redis.asyncio.Redis(
            port=port, max_connections=customers + 1, decode_responses=True
        )
        self.unlock = self.redis.register_script(UNLOCK)
        self.trips = 0

    async def rent(self, number, customer):
        lock, token = f"{PREFIX}lock:number:{number}", secrets.token_hex(16)
        self.trips += 1
        if not await self.redis.set(lock, token, nx=True, ex=30):
            raise NotAvailable(number)
        try:
            return await self.rent_locked(number, customer)
        finally:
            self.trips += 1
            await self.unlock(keys=[lock], args=[token])

    async def rent_locked(self, number, customer):
        self.trips += 1
        reads = self.redis.pipeline(transaction=False)
        reads.hgetall(f"{PREFIX}rental:{number}")
        reads.get(f"{PREFIX}account:{customer}")
        rental, account = await reads.execute()
        words, document = rental["doc"].split("{", 1)
        version, state = words.split()[:2]
        version, record = int(version), json.loads("{" + document)
        account = json.loads(account) if account else {"id": customer, "open_invoices": [], "version": 0}
        if state != "available" or account["open_invoices"]:
            raise NotAvailable(number)
        plan = record["plans"][0]

        now = int(time.time())
        until = now + INVOICE_TTL
        invoice_id = f"01{secrets.token_hex(12).upper()}"
        payload = f"NUM-{secrets.token_hex(6).upper()}"
        invoice = {
            "id": invoice_id,
            "kind": "rent",
            "number": number,
            "customer": customer,
            "term": TERM,
            "amount": plan,
            "payload": payload,
            "wallet": "UQbench",
            "status": "open",
            "created_at": now,
            "expires_at": until,
            "version": 1,
        }
        record["holding"] = {"reserved": {"invoice": invoice_id, "customer": customer, "until": until}}
        record["version"] = version + 1
        account["open_invoices"].append(invoice_id)
        account["version"] += 1
        event = {"at": now, "number": number, "customer": customer, "invoice_opened": invoice_id}

        self.trips += 1
        writes = self.redis.pipeline(transaction=True)
        words = f"{version + 1} reserved {customer} {invoice_id}"
        writes.hset(f"{PREFIX}rental:{number}", "doc", f"{words} {json.dumps(record)}")
        writes.mset(
            {
                f"{PREFIX}invoice:{invoice_id}": json.dumps(invoice),
                f"{PREFIX}account:{customer}": json.dumps(account),
                f"{PREFIX}payload:{payload}": invoice_id,
            }
        )
        writes.zadd(f"{PREFIX}index:numbers", {number: RESERVED + int(number)})
        writes.zadd(f"{PREFIX}index:numbers:customer:{customer}", {number: int(number)})
        writes.zadd(f"{PREFIX}expiry:zset", {number: until})
        writes.zadd(f"{PREFIX}index:invoices:customer:{customer}", {invoice_id: now * 1000})
        writes.zadd(f"{PREFIX}index:invoices", {invoice_id: OPEN + now * 1000})
        writes.zadd(f"{PREFIX}index:accounts", {customer: 0})
        writes.xadd(f"{PREFIX}outbox", {"doc": f"{now} {json.dumps(event)}"}, id="0-*")
        await writes.execute()
        return invoice


async def main(port, customers, rents):
    shop = Shop(port, customers)
    # Connections are made before the time counts.
    await asyncio.gather(*(shop.redis.ping() for _ in range(customers)))
    await shop.unlock(keys=[f"{PREFIX}lock:number:none"], args=[""])
    shop.trips = 0
    times, numbers = [], iter(range(rents))

    async def customer():
        for n in numbers:
            begin = time.perf_counter()
            await shop.rent(f"{n:012}", f"tg:{2_000_000 + n}")
            times.append(time.perf_counter() - begin)

    begin = time.perf_counter()
    await asyncio.gather(*(customer() for _ in range(customers)))
    elapsed = time.perf_counter() - begin
    times.sort()
    micros = [elapsed, times[len(times) // 2], times[len(times) * 99 // 100]]
    print(*(int(seconds * 1_000_000) for seconds in micros), shop.trips)


asyncio.run(main(*map(int, sys.argv[1:])))
