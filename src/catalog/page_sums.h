/*
 * A disk that gives back other bytes than were written: a VFS of SQLite's in front of the default one, under which every page of a file and
 * of its log is known by a sum when it is read. What does not match fails with SQLITE_IOERR_DATA, and nothing of it is seen. The sums are
 * for rot: they are not secret, and who writes files on purpose can write them, too. What they do not tell: an older page from the same place, where the
 * disk lost a write; and the index of the log (-shm), which is memory that connections share.
 */
#ifndef CATALOG_PAGE_SUMS_H
#define CATALOG_PAGE_SUMS_H

#include <sqlite3.h>
#include <stdbool.h>

#include "base/error.h"

#define PAGE_SUMS_VFS  "depositary-page-sums"
#define PAGE_SUMS_PAGE 4096 /* bytes, the sum at its end among them */
#define PAGE_SUMS_LEN  8

/** Makes the VFS known by its name; again is fine. */
MUST_USE int page_sums_register(void);

/**
 * Makes room for the sums on a connection of that VFS, before anything is read or written: a file that is made then has them. One of another
 * kind cannot be read at all. Nothing may be written twice in a transaction: PRAGMA cache_spill is off from then on. An error of SQLite's.
 */
MUST_USE int page_sums_prepare(sqlite3 *db);

/** Whether the file says of itself that it has them; a look at its header, which may lie. */
bool page_sums_are_in(const char *path);

#endif
