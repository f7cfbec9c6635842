-- A shop takes USDT besides TON.
--
-- `payments.amount` counts smallest units of `payments.currency`: nanotons, or millionths of a USDT. In documents an
-- amount in USDT is a text such as `usdt:25000000`; a text of digits alone is nanotons, as before.
-- `chain` has one row for each currency whose chain is read.

ALTER TABLE payments ADD COLUMN currency TEXT NOT NULL DEFAULT 'ton' CHECK (currency IN ('ton', 'usdt'));
DROP INDEX payments_by_outcome;
CREATE INDEX payments_by_outcome ON payments (outcome, lt, tx, currency, amount);

CREATE TABLE chains (
    currency TEXT NOT NULL PRIMARY KEY,
    doc      TEXT NOT NULL,
    lt       INTEGER NOT NULL AS (doc ->> '$.cursor.lt') STORED,
    read_to  INTEGER NOT NULL AS (doc ->> '$.read_to') STORED,
    -- Documents from before there were currencies name none.
    CHECK (coalesce(doc ->> '$.currency', 'ton') IS currency)
) STRICT;
INSERT INTO chains (currency, doc) SELECT 'ton', doc FROM chain;
DROP TABLE chain;
ALTER TABLE chains RENAME TO chain;
