/* Queries: what is printed is an expression that FTS5 reads; nothing of the user's text becomes syntax. */
#include "catalog/query.h"

#include "base/encode.h"
#include "base/limits.h"
#include "catalog/db.h"
#include "catalog/ranges.h"
#include "fuzz.h"

#include <string.h>

static struct catalog_db *connection;

static void set_up(void) {
    HOLDS(catalog_db_open(&connection, ":memory:", CONNECTION_WRITES, NULL) == 0);
    HOLDS(catalog_db_make_schema(connection, NULL) == 0);
}

static void run(struct bytes expression) {
    sqlite3_stmt *statement = NULL;
    HOLDS(sqlite3_prepare_v2(connection->db, "SELECT rowid FROM words WHERE words MATCH ?1", -1, &statement, NULL) ==
          SQLITE_OK);
    catalog_bind_text(statement, 1, expression);
    int rc = sqlite3_step(statement);
    if (rc != SQLITE_DONE && rc != SQLITE_ROW)
        fprintf(stderr, "%s: %.*s\n", sqlite3_errmsg(connection->db), (int)expression.len,
                (const char *)expression.data);
    HOLDS(rc == SQLITE_DONE || rc == SQLITE_ROW);
    sqlite3_finalize(statement);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct bytes query = bytes_of(data, size);
    struct fault fault = {0};
    struct buffer out;
    if (connection == NULL)
        set_up();
    if (size > 4096)
        return 0;
    buffer_init(&out, 256 * 1024);
    int error = query_print(&out, query, connection->tokenizer, &fault);
    if (error == 0) {
        HOLDS(size <= LIMIT_QUERY && out.error == 0 && out.len > 0 && utf8_valid(buffer_bytes(&out)));
        run(buffer_bytes(&out));
    } else {
        HOLDS(error == DEPOSITARY_E_QUERY && out.len == 0 && fault.text[0] != '\0');
    }
    buffer_free(&out);
    return 0;
}
