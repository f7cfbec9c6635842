-- The operator's own money is a payment with the outcome `deposit`, which has no reason. A refund that is pending can name
-- an outgoing transaction that is like it.
--
-- A check cannot be changed in place, so the table is written anew.

CREATE TABLE payments_anew (
    tx           TEXT NOT NULL PRIMARY KEY CHECK (length(tx) = 64),
    lt           INTEGER NOT NULL CHECK (lt >= 0),
    amount       INTEGER NOT NULL CHECK (amount >= 0),
    comment_kind TEXT NOT NULL,
    comment      TEXT,
    sender       TEXT NOT NULL,
    chain_time   INTEGER NOT NULL,
    booked_at    INTEGER NOT NULL,
    outcome      TEXT NOT NULL,
    reason       TEXT CHECK ((reason IS NULL) = (outcome IN ('settled', 'deposit'))),
    refund_tx    TEXT CHECK (refund_tx IS NULL OR outcome IN ('refund_pending', 'refunded')),
    invoice      TEXT,
    version      INTEGER NOT NULL CHECK (version > 0),
    -- Whose invoice it names: an index entry, taken from the invoice when the payment is written.
    customer     TEXT,
    integrator   TEXT AS (CASE WHEN customer GLOB 'api:*'
                     THEN substr(customer, 5, instr(substr(customer, 5), ':') - 1) END) STORED,
    currency     TEXT NOT NULL DEFAULT 'ton' CHECK (currency IN ('ton', 'usdt'))
) STRICT;
INSERT INTO payments_anew (tx, lt, amount, comment_kind, comment, sender, chain_time, booked_at, outcome, reason, refund_tx,
                           invoice, version, customer, currency)
    SELECT tx, lt, amount, comment_kind, comment, sender, chain_time, booked_at, outcome, reason, refund_tx, invoice, version,
           customer, currency
    FROM payments;
DROP TABLE payments;
ALTER TABLE payments_anew RENAME TO payments;
CREATE INDEX payments_by_lt ON payments (lt, tx);
CREATE INDEX payments_by_outcome ON payments (outcome, lt, tx, currency, amount);
CREATE INDEX payments_by_reason ON payments (reason, lt, tx) WHERE reason IS NOT NULL;
CREATE INDEX payments_by_customer ON payments (customer, lt, tx) WHERE customer IS NOT NULL;
CREATE INDEX payments_by_integrator ON payments (integrator, lt, tx) WHERE integrator IS NOT NULL;
