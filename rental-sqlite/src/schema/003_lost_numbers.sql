-- A number whose NFT is not the operator's is not available: its state is `lost`.
--
-- A generated column that is stored cannot be changed in place, so the table is written anew.

CREATE TABLE numbers_anew (
    number     INTEGER PRIMARY KEY,
    doc        TEXT NOT NULL,
    state      TEXT NOT NULL AS (CASE
                   WHEN doc ->> '$.holding.holding' <> 'free' THEN doc ->> '$.holding.holding'
                   WHEN doc ->> '$.listing.listing' <> 'listed' THEN doc ->> '$.listing.listing'
                   WHEN doc ->> '$.proof.ownership' <> 'ours' THEN 'lost'
                   ELSE 'available'
               END) STORED,
    customer   TEXT AS (coalesce(doc ->> '$.holding.customer', doc ->> '$.holding.holder')) STORED,
    integrator TEXT AS (CASE WHEN customer GLOB 'api:*'
                   THEN substr(customer, 5, instr(substr(customer, 5), ':') - 1) END) STORED,
    deadline   INTEGER AS (doc ->> '$.deadline') STORED,
    version    INTEGER NOT NULL AS (doc ->> '$.version') STORED,
    CHECK (doc ->> '$.number' IS '+' || number)
) STRICT;
INSERT INTO numbers_anew (number, doc) SELECT number, doc FROM numbers;
DROP TABLE numbers;
ALTER TABLE numbers_anew RENAME TO numbers;
-- The row's number stands at the end of every index of this table.
CREATE INDEX numbers_by_state ON numbers (state);
CREATE INDEX numbers_by_customer ON numbers (customer) WHERE customer IS NOT NULL;
CREATE INDEX numbers_by_integrator ON numbers (integrator) WHERE integrator IS NOT NULL;
CREATE INDEX numbers_by_deadline ON numbers (deadline) WHERE deadline IS NOT NULL;
