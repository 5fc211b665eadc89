/*
 * The sums (page_sums.h). A page of the file ends in a hash of itself that is keyed with its number, so that one that stands in another's
 * place is found, too. It is added on the way to the disk; the log has the page as SQLite made it, since the log's own sums are over that. SQLite
 * looks at those when it recovers a log; here each page that is read from one is tried. The two formats: sqlite.org/fileformat2.html.
 */
#include "catalog/page_sums.h"

#include <endian.h>
#include <fcntl.h>
#include <pthread.h>
#include <sodium.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#define PAGE                 PAGE_SUMS_PAGE
#define SUMMED               (PAGE - PAGE_SUMS_LEN)
#define FILE_HEADER_MAX      100 /* what SQLite reads of the first page before it knows its size; it reads all of it then */
#define FILE_HEADER_RESERVED 20 /* the byte that says how much at the end of each page is not SQLite's */
#define LOG_HEADER           32 /* the last eight bytes: its sums */
#define FRAME_HEADER         24 /* the first eight bytes are summed with the page; the last eight: the sums up to here */
#define FRAME                (FRAME_HEADER + PAGE)
#define FRAME_HEAD_SUMMED    8
#define FRAME_SUMS_AT        16

_Static_assert(PAGE_SUMS_LEN == crypto_shorthash_BYTES, "a sum is a SipHash");

/* Lies behind what the VFS in front of which we stand keeps of a file. Its methods are that VFS's, but for those that see bytes. */
struct summed_file {
    const sqlite3_io_methods *real;
    sqlite3_io_methods methods;
    bool is_log;
};

static sqlite3_vfs *real_vfs, vfs;

static struct summed_file *summed_of(sqlite3_file *file) {
    return (struct summed_file *)(void *)((unsigned char *)file + (vfs.szOsFile - (int)sizeof(struct summed_file)));
}

static int read_whole(sqlite3_file *file, void *out, int len, sqlite3_int64 at) {
    int rc = summed_of(file)->real->xRead(file, out, len, at);
    return rc == SQLITE_IOERR_SHORT_READ ? SQLITE_IOERR_DATA : rc; /* SQLite would take zeros for what is not there */
}

/* ---- a page of the file */

static void sum_page(uint8_t out[PAGE_SUMS_LEN], const uint8_t *page, sqlite3_int64 at) {
    uint8_t key[crypto_shorthash_KEYBYTES] = {0};
    const uint64_t number = htole64((uint64_t)at / PAGE);
    memcpy(key, &number, sizeof number);
    crypto_shorthash(out, page, SUMMED, key);
}

static int read_page(sqlite3_file *file, uint8_t *out, sqlite3_int64 at) {
    uint8_t sum[PAGE_SUMS_LEN];
    int rc = read_whole(file, out, PAGE, at);
    if (rc == SQLITE_OK) {
        sum_page(sum, out, at);
        rc = memcmp(sum, out + SUMMED, sizeof sum) == 0 ? SQLITE_OK : SQLITE_IOERR_DATA;
    }
    return rc;
}

/* Since version 3.45 SQLite reads pages of long values without what it does not use at their end. */
static int read_part(sqlite3_file *file, void *out, int len, sqlite3_int64 at) {
    uint8_t page[PAGE];
    const int from = (int)(at % PAGE);
    if (len < 0 || len > PAGE - from)
        return SQLITE_IOERR_DATA;
    int rc = read_page(file, page, at - from);
    if (rc == SQLITE_OK)
        memcpy(out, page + from, (size_t)len);
    return rc;
}

static int read_file(sqlite3_file *file, void *out, int len, sqlite3_int64 at) {
    if (at + len <= FILE_HEADER_MAX)
        return summed_of(file)->real->xRead(file, out, len, at);
    return len == PAGE && at % PAGE == 0 ? read_page(file, out, at) : read_part(file, out, len, at);
}

static int write_file(sqlite3_file *file, const void *data, int len, sqlite3_int64 at) {
    uint8_t page[PAGE];
    if (len != PAGE || at % PAGE != 0)
        return SQLITE_IOERR_WRITE;
    memcpy(page, data, SUMMED);
    sum_page(page + SUMMED, page, at);
    return summed_of(file)->real->xWrite(file, page, PAGE, at);
}

/* ---- a page of the log */

struct log_sums {
    uint32_t first, second;
};

/* Section 4.2 of the file format, in this machine's order of bytes: a log that was brought from one of another order does not match. */
static void sum_on(struct log_sums *sums, const uint8_t *data, size_t len) {
    uint32_t words[2];
    for (size_t i = 0; i < len; i += sizeof words) {
        memcpy(words, data + i, sizeof words);
        sums->first += words[0] + sums->second;
        sums->second += words[1] + sums->first;
    }
}

static struct log_sums get_sums(const uint8_t *at) {
    uint32_t words[2];
    memcpy(words, at, sizeof words);
    return (struct log_sums){.first = be32toh(words[0]), .second = be32toh(words[1])};
}

/* They go on from those of the frame before, or of the log's header. */
static int check_frame(sqlite3_file *file, const uint8_t *page, sqlite3_int64 frame_at) {
    uint8_t header[FRAME_HEADER], before[PAGE_SUMS_LEN];
    sqlite3_int64 end_of_before = frame_at == LOG_HEADER ? LOG_HEADER : frame_at - PAGE;
    int rc = read_whole(file, before, sizeof before, end_of_before - (int)sizeof before);
    if (rc == SQLITE_OK)
        rc = read_whole(file, header, sizeof header, frame_at);
    if (rc != SQLITE_OK)
        return rc;
    struct log_sums sums = get_sums(before);
    const struct log_sums wanted = get_sums(header + FRAME_SUMS_AT);
    sum_on(&sums, header, FRAME_HEAD_SUMMED);
    sum_on(&sums, page, PAGE);
    return sums.first == wanted.first && sums.second == wanted.second ? SQLITE_OK : SQLITE_IOERR_DATA;
}

static int read_log(sqlite3_file *file, void *out, int len, sqlite3_int64 at) {
    if (len <= LOG_HEADER || len == FRAME) /* its recovery, which looks at the sums itself */
        return summed_of(file)->real->xRead(file, out, len, at);
    if (len != PAGE || at < LOG_HEADER + FRAME_HEADER || (at - LOG_HEADER - FRAME_HEADER) % FRAME != 0)
        return SQLITE_IOERR_DATA;
    int rc = read_whole(file, out, PAGE, at);
    return rc == SQLITE_OK ? check_frame(file, out, at - FRAME_HEADER) : rc;
}

/* ---- the VFS */

/* Not even where somebody asks for it: what is mapped into memory is read past us. */
static int fetch_nothing(sqlite3_file *file, sqlite3_int64 at, int len, void **out) {
    (void)file;
    (void)at;
    (void)len;
    *out = NULL;
    return SQLITE_OK;
}

static int open_summed(sqlite3_vfs *ours, const char *name, sqlite3_file *file, int flags, int *flags_out) {
    (void)ours;
    int rc = real_vfs->xOpen(real_vfs, name, file, flags, flags_out);
    if (rc != SQLITE_OK || (flags & (SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_WAL)) == 0)
        return rc;
    struct summed_file *summed = summed_of(file);
    summed->is_log = (flags & SQLITE_OPEN_WAL) != 0;
    summed->real = file->pMethods;
    summed->methods = *file->pMethods;
    summed->methods.xRead = summed->is_log ? read_log : read_file;
    if (!summed->is_log)
        summed->methods.xWrite = write_file;
    summed->methods.xFetch = fetch_nothing;
    file->pMethods = &summed->methods;
    return rc;
}

static int registered = SQLITE_ERROR;

static void register_once(void) {
    real_vfs = sqlite3_vfs_find(NULL);
    if (!real_vfs || real_vfs->iVersion < 1)
        return;
    vfs = *real_vfs;
    vfs.zName = PAGE_SUMS_VFS;
    vfs.szOsFile = (real_vfs->szOsFile + 15) / 16 * 16 + (int)sizeof(struct summed_file);
    vfs.xOpen = open_summed;
    vfs.pNext = NULL;
    registered = sqlite3_vfs_register(&vfs, 0);
}

int page_sums_register(void) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, register_once);
    return registered == SQLITE_OK ? 0 : DEPOSITARY_E_IO;
}

int page_sums_prepare(sqlite3 *db) {
    int len = PAGE_SUMS_LEN;
    int rc = sqlite3_exec(db, "PRAGMA page_size = 4096; PRAGMA cache_spill = OFF;", NULL, NULL, NULL);
    return rc == SQLITE_OK ? sqlite3_file_control(db, NULL, SQLITE_FCNTL_RESERVE_BYTES, &len) : rc;
}

bool page_sums_are_in(const char *path) {
    uint8_t header[FILE_HEADER_MAX];
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    bool are_in = fd >= 0 && pread(fd, header, sizeof header, 0) == (ssize_t)sizeof header &&
                  header[FILE_HEADER_RESERVED] == PAGE_SUMS_LEN;
    if (fd >= 0)
        close(fd);
    return are_in;
}
