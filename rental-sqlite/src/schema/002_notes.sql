-- Notes: what frontends keep beside the shop, such as the language of a chat.
--
--     notes        small texts by name; no rule of the shop depends on them

CREATE TABLE notes (
    key     TEXT NOT NULL PRIMARY KEY,
    text    TEXT NOT NULL,
    -- Drawn anew with every writing.
    version INTEGER NOT NULL CHECK (version >= 0),
    -- The end, in seconds since 1970; NULL for a note that stays until it is removed.
    until   INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX notes_by_end ON notes (until) WHERE until IS NOT NULL;
