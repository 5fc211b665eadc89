/*
 * The schema `depositary` in PostgreSQL (connection.h). What was deposited is only ever added: triggers and privileges refuse anything else,
 * an entry comes only with the next index, and a hash only with its bytes. Whoever owns the database can take that away, which is why
 * nothing that is read from it is believed; it is there against slips. PROTOCOL.md section 2.
 */
#include "postgres/connection.h"

#define SCHEMA_VERSION 2
#define LOCK_SCHEMA    "SELECT pg_advisory_xact_lock(1146114898, 0)" /* "DPSR" */
#define APPEND_ONLY(table)                                                                                             \
    "CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON depositary." table                              \
    " FOR EACH STATEMENT EXECUTE FUNCTION depositary.refuse();"                                                        \
    "REVOKE UPDATE, DELETE, TRUNCATE ON depositary." table " FROM PUBLIC, CURRENT_USER;"

/* The steps from each version to the next; an empty database takes all of them. The lengths are those of PROTOCOL.md section 9. */
static const char *const STEPS[SCHEMA_VERSION] = {
    "CREATE SCHEMA depositary;"
    "CREATE TABLE depositary.version (number int8 PRIMARY KEY, made timestamptz NOT NULL DEFAULT now());"
    "CREATE TABLE depositary.entry ("
    " idx int8 PRIMARY KEY CHECK (idx >= 0),"
    " leaf_hash bytea NOT NULL CHECK (leaf_hash = sha256('\\x00'::bytea || record)),"
    " record bytea NOT NULL CHECK (octet_length(record) <= 65535));"
    "CREATE TABLE depositary.clause ("
    " leaf_hash bytea PRIMARY KEY CHECK (leaf_hash = sha256('\\x00'::bytea || record)),"
    " record bytea NOT NULL CHECK (octet_length(record) <= 1049088));"
    "CREATE TABLE depositary.place ("
    " edition int8 NOT NULL CHECK (edition >= 0),"
    " place int8 NOT NULL CHECK (place >= 0),"
    " leaf_hash bytea NOT NULL CHECK (octet_length(leaf_hash) = 32),"
    " PRIMARY KEY (edition, place));"
    "CREATE TABLE depositary.checkpoint ("
    " size int8 PRIMARY KEY CHECK (size > 0),"
    " note bytea NOT NULL CHECK (octet_length(note) <= 16384));"
    "CREATE FUNCTION depositary.refuse() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$"
    " BEGIN RAISE EXCEPTION 'depositary.% is append-only', TG_TABLE_NAME; END $$;"
    "CREATE FUNCTION depositary.next_entry() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$"
    " BEGIN"
    "  IF NEW.idx <> (SELECT coalesce(max(idx) + 1, 0) FROM depositary.entry) THEN"
    "   RAISE EXCEPTION 'depositary.entry: % is not the next index', NEW.idx;"
    "  END IF;"
    "  RETURN NEW;"
    " END $$;"
    "CREATE TRIGGER next_entry BEFORE INSERT ON depositary.entry FOR EACH ROW"
    " EXECUTE FUNCTION depositary.next_entry();"
    /* A note may gain signatures; the checkpoint itself, up to the empty line, stays. */
    "CREATE FUNCTION depositary.keep_checkpoint() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$"
    " BEGIN"
    "  IF NEW.size <> OLD.size OR octet_length(NEW.note) < octet_length(OLD.note) OR"
    "     substring(NEW.note FROM 1 FOR position('\\x0a0a'::bytea IN OLD.note)) <>"
    "     substring(OLD.note FROM 1 FOR position('\\x0a0a'::bytea IN OLD.note)) THEN"
    "   RAISE EXCEPTION 'depositary.checkpoint: a note only gains signatures';"
    "  END IF;"
    "  RETURN NEW;"
    " END $$;"
    "CREATE FUNCTION depositary.current_size() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$"
    " BEGIN"
    "  IF NEW.size <> (SELECT coalesce(max(idx) + 1, 0) FROM depositary.entry) THEN"
    "   RAISE EXCEPTION 'depositary.checkpoint: % is not the number of entries', NEW.size;"
    "  END IF;"
    "  RETURN NEW;"
    " END $$;"
    "CREATE FUNCTION depositary.tell() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$"
    " BEGIN PERFORM pg_notify('depositary', NEW.size::text); RETURN NULL; END $$;"
    "CREATE TRIGGER current_size BEFORE INSERT ON depositary.checkpoint FOR EACH ROW"
    " EXECUTE FUNCTION depositary.current_size();"
    "CREATE TRIGGER keep_checkpoint BEFORE UPDATE ON depositary.checkpoint FOR EACH ROW"
    " EXECUTE FUNCTION depositary.keep_checkpoint();"
    "CREATE TRIGGER append_only BEFORE DELETE OR TRUNCATE ON depositary.checkpoint FOR EACH STATEMENT"
    " EXECUTE FUNCTION depositary.refuse();"
    "CREATE TRIGGER tell AFTER INSERT OR UPDATE ON depositary.checkpoint FOR EACH ROW"
    " EXECUTE FUNCTION depositary.tell();"
    "REVOKE DELETE, TRUNCATE ON depositary.checkpoint FROM PUBLIC, CURRENT_USER;" APPEND_ONLY("entry")
        APPEND_ONLY("clause") APPEND_ONLY("place"),
    /* Version 2: appends that wait for their clauses, which come to any of the daemons. */
    "CREATE TABLE depositary.offer ("
    " root bytea PRIMARY KEY CHECK (octet_length(root) = 32),"
    " size int8 NOT NULL CHECK (size > 0),"
    " note bytea NOT NULL CHECK (octet_length(note) <= 16384),"
    " editions bytea[] NOT NULL,"
    " touched timestamptz NOT NULL DEFAULT now());"
    "CREATE TABLE depositary.offer_record ("
    " root bytea NOT NULL REFERENCES depositary.offer ON DELETE CASCADE,"
    " number int8 NOT NULL CHECK (number >= 0),"
    " record bytea NOT NULL CHECK (octet_length(record) <= 65535),"
    " PRIMARY KEY (root, number));"
    "CREATE TABLE depositary.staged ("
    " root bytea NOT NULL REFERENCES depositary.offer ON DELETE CASCADE,"
    " edition bytea NOT NULL CHECK (octet_length(edition) = 32),"
    " place int8 NOT NULL CHECK (place >= 0),"
    " record bytea NOT NULL CHECK (octet_length(record) <= 1049088),"
    " PRIMARY KEY (root, edition, place));",
};

/* 0 where there is no schema. */
static int read_version(struct pg *pg, uint64_t *out, struct fault *fault) {
    int error = pg_ask_number(pg,
                              "SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
                              " WHERE n.nspname = 'depositary' AND c.relname = 'version'",
                              out, fault);
    if (error || *out == 0)
        return error;
    return pg_ask_number(pg, "SELECT coalesce(max(number), 0) FROM depositary.version", out, fault);
}

static int check_version(uint64_t version, struct fault *fault) {
    return version <= SCHEMA_VERSION
               ? DEPOSITARY_OK
               : fault_set(fault, DEPOSITARY_E_IO,
                           "the database's schema is of version %llu, and this program knows up to %d; a newer one "
                           "made it",
                           (unsigned long long)version, SCHEMA_VERSION);
}

static int put_version(struct pg *pg, uint64_t version, struct fault *fault) {
    struct pg_params params = {0};
    pg_add_number(&params, version);
    return pg_ask(pg, "INSERT INTO depositary.version (number) VALUES ($1::int8)", &params, PG_QUICK_MS, NULL, fault);
}

/* Within the transaction that migrates: another daemon may have been first. */
static int migrate_locked(struct pg *pg, struct fault *fault) {
    uint64_t version = 0;
    int error = pg_run(pg, LOCK_SCHEMA, PG_QUICK_MS, fault);
    error = error ? error : read_version(pg, &version, fault);
    error = error ? error : check_version(version, fault);
    for (; error == 0 && version < SCHEMA_VERSION; version++) {
        error = pg_run(pg, STEPS[version], PG_LONG_MS, fault);
        error = error ? error : put_version(pg, version + 1, fault);
    }
    return error;
}

int pg_prepare_schema(struct pg *pg, struct fault *fault) {
    uint64_t version = 0;
    int error = read_version(pg, &version, fault);
    error = error ? error : check_version(version, fault);
    if (error || version == SCHEMA_VERSION)
        return error;
    if (pg_is_standby(pg) && pg->use == PG_WRITES)
        return fault_set(fault, DEPOSITARY_E_UNREACHABLE, "the database takes no writes: it is a standby");
    if (pg_is_standby(pg))
        return version > 0 ? DEPOSITARY_OK : fault_set(fault, DEPOSITARY_E_MISSING, "the database holds no ledger yet");
    error = pg_run(pg, "BEGIN", PG_QUICK_MS, fault);
    error = error ? error : migrate_locked(pg, fault);
    error = error ? error : pg_run(pg, "COMMIT", PG_LONG_MS, fault);
    return error; /* where it failed the connection is let go, and the transaction with it */
}
