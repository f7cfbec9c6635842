-- One shop in one file.
--
-- Look at it with the sqlite3 shell, while the programs run, and change nothing by hand:
--
--     sqlite3 -readonly rental.db "SELECT number, state, customer FROM numbers LIMIT 10"
--
-- How to read it:
--
-- * A document is one JSON text in the column `doc`. The columns beside it are generated from that text, so there is
--   no second copy that could disagree, and the key is checked against it.
-- * `payments` has no JSON. Every coin is a row of plain columns, for operators and for reconciliation.
-- * Moments are seconds since 1970: `datetime(at, 'unixepoch')` shows them; `paces.tat` alone is in microseconds.
--   Amounts are nanotons. A number is its digits without the plus, so that numbers sort as numbers.
-- * `version` grows by one with every change of a document. A change is written only over the version before.
-- * `history` and `audit` are append-only: triggers refuse everything else.
--
--     numbers      the pool: what is offered, who has it, and the next deadline
--     invoices     requests for payment
--     payments     every coin that arrived, and what became of it
--     accounts     customers: what they hold and have open
--     shop         the wallet and the rules' figures; one row
--     chain        how far the wallet's chain has been read; one row
--     access       admins and API keys (digests only); one row
--     once         what has happened and must not happen again
--     history      what happened to each number
--     audit        what operators did
--     outbox       events, for notifications and webhooks
--     groups       who acts on events, and up to which event it was given them
--     deliveries   events given to a group and not done: held by a consumer, resting until a retry, or given up
--     leases       exclusive locks
--     rates        rate limits: requests counted in the present window
--     paces        rate limits: when the requests so far would have come, had they come evenly

CREATE TABLE numbers (
    number     INTEGER PRIMARY KEY,
    doc        TEXT NOT NULL,
    state      TEXT NOT NULL AS (CASE
                   WHEN doc ->> '$.holding.holding' <> 'free' THEN doc ->> '$.holding.holding'
                   WHEN doc ->> '$.listing.listing' = 'listed' THEN 'available'
                   ELSE doc ->> '$.listing.listing'
               END) STORED,
    customer   TEXT AS (coalesce(doc ->> '$.holding.customer', doc ->> '$.holding.holder')) STORED,
    integrator TEXT AS (CASE WHEN customer GLOB 'api:*'
                   THEN substr(customer, 5, instr(substr(customer, 5), ':') - 1) END) STORED,
    deadline   INTEGER AS (doc ->> '$.deadline') STORED,
    version    INTEGER NOT NULL AS (doc ->> '$.version') STORED,
    CHECK (doc ->> '$.number' IS '+' || number)
) STRICT;
-- The row's number stands at the end of every index of this table.
CREATE INDEX numbers_by_state ON numbers (state);
CREATE INDEX numbers_by_customer ON numbers (customer) WHERE customer IS NOT NULL;
CREATE INDEX numbers_by_integrator ON numbers (integrator) WHERE integrator IS NOT NULL;
CREATE INDEX numbers_by_deadline ON numbers (deadline) WHERE deadline IS NOT NULL;

CREATE TABLE invoices (
    id         TEXT NOT NULL PRIMARY KEY,
    doc        TEXT NOT NULL,
    number     INTEGER NOT NULL AS (CAST(substr(doc ->> '$.number', 2) AS INTEGER)) STORED,
    customer   TEXT NOT NULL AS (doc ->> '$.customer') STORED,
    integrator TEXT AS (CASE WHEN customer GLOB 'api:*'
                   THEN substr(customer, 5, instr(substr(customer, 5), ':') - 1) END) STORED,
    status     TEXT NOT NULL AS (doc ->> '$.status.status') STORED,
    payload    TEXT NOT NULL AS (doc ->> '$.payload') STORED,
    version    INTEGER NOT NULL AS (doc ->> '$.version') STORED,
    CHECK (doc ->> '$.id' IS id)
) STRICT;
CREATE UNIQUE INDEX invoices_by_payload ON invoices (payload);
CREATE INDEX invoices_by_number ON invoices (number, id);
CREATE INDEX invoices_by_customer ON invoices (customer, id);
CREATE INDEX invoices_by_status ON invoices (status, id);
CREATE INDEX invoices_by_integrator ON invoices (integrator, id) WHERE integrator IS NOT NULL;
CREATE INDEX invoices_by_integrator_and_status ON invoices (integrator, status, id) WHERE integrator IS NOT NULL;

CREATE TABLE payments (
    tx           TEXT NOT NULL PRIMARY KEY CHECK (length(tx) = 64),
    lt           INTEGER NOT NULL CHECK (lt >= 0),
    amount       INTEGER NOT NULL CHECK (amount >= 0),
    comment_kind TEXT NOT NULL,
    comment      TEXT,
    sender       TEXT NOT NULL,
    chain_time   INTEGER NOT NULL,
    booked_at    INTEGER NOT NULL,
    outcome      TEXT NOT NULL,
    reason       TEXT CHECK ((reason IS NULL) = (outcome = 'settled')),
    refund_tx    TEXT CHECK (refund_tx IS NULL OR outcome = 'refunded'),
    invoice      TEXT,
    version      INTEGER NOT NULL CHECK (version > 0),
    -- Whose invoice it names: an index entry, taken from the invoice when the payment is written.
    customer     TEXT,
    integrator   TEXT AS (CASE WHEN customer GLOB 'api:*'
                     THEN substr(customer, 5, instr(substr(customer, 5), ':') - 1) END) STORED
) STRICT;
CREATE INDEX payments_by_lt ON payments (lt, tx);
CREATE INDEX payments_by_outcome ON payments (outcome, lt, tx, amount);
CREATE INDEX payments_by_reason ON payments (reason, lt, tx) WHERE reason IS NOT NULL;
CREATE INDEX payments_by_customer ON payments (customer, lt, tx) WHERE customer IS NOT NULL;
CREATE INDEX payments_by_integrator ON payments (integrator, lt, tx) WHERE integrator IS NOT NULL;

CREATE TABLE accounts (
    id      TEXT NOT NULL PRIMARY KEY,
    doc     TEXT NOT NULL,
    version INTEGER NOT NULL AS (doc ->> '$.version') STORED,
    CHECK (doc ->> '$.id' IS id)
) STRICT;

CREATE TABLE shop (
    id      INTEGER PRIMARY KEY CHECK (id = 1),
    doc     TEXT NOT NULL,
    version INTEGER NOT NULL AS (doc ->> '$.version') STORED
) STRICT;

CREATE TABLE chain (
    id      INTEGER PRIMARY KEY CHECK (id = 1),
    doc     TEXT NOT NULL,
    lt      INTEGER NOT NULL AS (doc ->> '$.cursor.lt') STORED,
    read_to INTEGER NOT NULL AS (doc ->> '$.read_to') STORED
) STRICT;

CREATE TABLE access (
    id      INTEGER PRIMARY KEY CHECK (id = 1),
    doc     TEXT NOT NULL,
    version INTEGER NOT NULL AS (doc ->> '$.version') STORED
) STRICT;

CREATE TABLE once (
    key        TEXT NOT NULL PRIMARY KEY,
    value      TEXT NOT NULL,
    keep_until INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX once_by_end ON once (keep_until) WHERE keep_until IS NOT NULL;

CREATE TABLE history (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    doc      TEXT NOT NULL,
    number   INTEGER NOT NULL AS (CAST(substr(doc ->> '$.number', 2) AS INTEGER)) STORED,
    at       INTEGER NOT NULL AS (doc ->> '$.at') STORED,
    kind     TEXT NOT NULL AS (doc ->> '$.kind') STORED,
    customer TEXT AS (doc ->> '$.customer') STORED
) STRICT;
CREATE INDEX history_by_number ON history (number);
CREATE TRIGGER history_is_not_changed BEFORE UPDATE ON history
BEGIN SELECT RAISE(ABORT, 'history is append-only'); END;
CREATE TRIGGER history_is_not_deleted BEFORE DELETE ON history
BEGIN SELECT RAISE(ABORT, 'history is append-only'); END;

CREATE TABLE audit (
    id     INTEGER PRIMARY KEY AUTOINCREMENT,
    doc    TEXT NOT NULL,
    at     INTEGER NOT NULL AS (doc ->> '$.at') STORED,
    actor  TEXT NOT NULL AS (doc ->> '$.actor') STORED,
    action TEXT NOT NULL AS (doc ->> '$.action') STORED,
    object TEXT NOT NULL AS (doc ->> '$.object') STORED
) STRICT;
CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit
BEGIN SELECT RAISE(ABORT, 'audit is append-only'); END;
CREATE TRIGGER audit_is_not_deleted BEFORE DELETE ON audit
BEGIN SELECT RAISE(ABORT, 'audit is append-only'); END;

-- AUTOINCREMENT: the number of an event that was forgotten is never given to another one.
CREATE TABLE outbox (
    seq        INTEGER PRIMARY KEY AUTOINCREMENT,
    doc        TEXT NOT NULL,
    at         INTEGER NOT NULL AS (doc ->> '$.at') STORED,
    type       TEXT NOT NULL AS (doc ->> '$.type') STORED,
    customer   TEXT AS (doc ->> '$.customer') STORED,
    integrator TEXT AS (CASE WHEN customer GLOB 'api:*'
                   THEN substr(customer, 5, instr(substr(customer, 5), ':') - 1) END) STORED
) STRICT;
CREATE INDEX outbox_by_customer ON outbox (customer) WHERE customer IS NOT NULL;
CREATE INDEX outbox_by_integrator ON outbox (integrator) WHERE integrator IS NOT NULL;
CREATE INDEX outbox_by_time ON outbox (at);

CREATE TABLE groups (
    name  TEXT NOT NULL PRIMARY KEY,
    given INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE deliveries (
    group_name TEXT NOT NULL REFERENCES groups (name),
    seq        INTEGER NOT NULL REFERENCES outbox (seq),
    attempt    INTEGER NOT NULL,
    -- Who holds it; NULL while it rests or when it was given up.
    consumer   TEXT,
    -- The end of the hold or of the rest.
    until      INTEGER NOT NULL,
    -- Why it was given up.
    reason     TEXT,
    PRIMARY KEY (group_name, seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX deliveries_alive ON deliveries (group_name, seq, until) WHERE reason IS NULL;
CREATE INDEX deliveries_dead ON deliveries (group_name, seq) WHERE reason IS NOT NULL;
CREATE INDEX deliveries_by_event ON deliveries (seq);

CREATE TABLE leases (
    name  TEXT NOT NULL PRIMARY KEY,
    token TEXT NOT NULL,
    until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX leases_by_end ON leases (until);

CREATE TABLE rates (
    subject TEXT NOT NULL PRIMARY KEY,
    used    INTEGER NOT NULL,
    ends    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX rates_by_end ON rates (ends);

CREATE TABLE paces (
    subject TEXT NOT NULL PRIMARY KEY,
    -- The theoretical arrival time, in microseconds since 1970. Once it has passed, the row says nothing.
    tat     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX paces_by_end ON paces (tat);
