/* Files that are whole or not there: src/base/file.h. */
#include "base/file.h"

#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "/tmp/check_file.XXXXXX";

static void make_folder(void) {
    strcpy(folder + sizeof(folder) - 7, "XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
}

static void remove_folder(void) {
    char command[64];
    snprintf(command, sizeof(command), "rm -rf %s", folder);
    ck_assert_int_eq(system(command), 0);
}

static const char *in_folder(const char *name) {
    static char path[PATH_MAX];
    ck_assert_int_eq(file_path(path, sizeof(path), folder, name), 0);
    return path;
}

static unsigned files_in_folder(void) {
    unsigned count = 0;
    DIR *dir = opendir(folder);
    ck_assert_ptr_nonnull(dir);
    for (struct dirent *entry = readdir(dir); entry; entry = readdir(dir)) {
        count += entry->d_name[0] != '.';
    }
    closedir(dir);
    return count;
}

START_TEST(no_file_is_missing_and_a_folder_is_no_file) {
    struct buffer out;
    struct fault fault;
    buffer_init(&out, 100);
    ck_assert_int_eq(file_read(&out, in_folder("nothing"), &fault), DEPOSITARY_E_MISSING);
    ck_assert_ptr_nonnull(strstr(fault.text, "nothing"));
    ck_assert_int_eq(file_read(&out, folder, NULL), DEPOSITARY_E_IO);
    ck_assert_uint_eq(out.len, 0);
    buffer_free(&out);
}
END_TEST

START_TEST(a_file_past_the_limit_is_refused_and_one_at_it_is_read) {
    struct buffer out;
    ck_assert_int_eq(file_write(in_folder("f"), BYTES("0123456789"), 0644, NULL), 0);
    buffer_init(&out, 12);
    buffer_append(&out, BYTES("ab"));
    ck_assert_int_eq(file_read(&out, in_folder("f"), NULL), 0);
    ck_assert(bytes_equal(buffer_bytes(&out), BYTES("ab0123456789")));
    buffer_clear(&out);
    buffer_append(&out, BYTES("abc"));
    ck_assert_int_eq(file_read(&out, in_folder("f"), NULL), DEPOSITARY_E_LIMIT);
    ck_assert(bytes_equal(buffer_bytes(&out), BYTES("abc")));
    buffer_free(&out);
}
END_TEST

START_TEST(a_file_without_end_is_refused_at_the_limit) {
    struct buffer out;
    buffer_init(&out, 200000);
    ck_assert_int_eq(file_read(&out, "/dev/zero", NULL), DEPOSITARY_E_LIMIT);
    buffer_free(&out);
}
END_TEST

START_TEST(a_write_replaces_whole_and_leaves_nothing_beside) {
    struct buffer out;
    struct stat about;
    ck_assert_int_eq(file_write(in_folder("f"), BYTES("a longer old content"), 0644, NULL), 0);
    ck_assert_int_eq(file_write(in_folder("f"), BYTES("new"), 0600, NULL), 0);
    buffer_init(&out, 100);
    ck_assert_int_eq(file_read(&out, in_folder("f"), NULL), 0);
    ck_assert(bytes_equal(buffer_bytes(&out), BYTES("new")));
    ck_assert_int_eq(stat(in_folder("f"), &about), 0);
    ck_assert_uint_eq(about.st_mode & 07777, 0600);
    ck_assert_uint_eq(files_in_folder(), 1);
    buffer_free(&out);
}
END_TEST

/* In place of fsync and rename where the linker finds them called. */
static unsigned syncs, syncs_before_rename;
static bool sync_fails;
int __real_fsync(int fd);
int __wrap_fsync(int fd);
int __wrap_fsync(int fd) {
    syncs++;
    errno = EIO;
    return sync_fails ? -1 : __real_fsync(fd);
}
int __real_rename(const char *from, const char *to);
int __wrap_rename(const char *from, const char *to);
int __wrap_rename(const char *from, const char *to) {
    syncs_before_rename = syncs;
    return __real_rename(from, to);
}

START_TEST(a_write_is_on_the_disk_before_it_takes_its_name_and_then_the_name) {
    struct buffer out;
    buffer_init(&out, 100);
    ck_assert_int_eq(file_write(in_folder("file"), BYTES("old"), 0600, NULL), 0);
    syncs = 0;
    ck_assert_int_eq(file_write(in_folder("file"), BYTES("new"), 0600, NULL), 0);
    ck_assert_uint_eq(syncs_before_rename, 1);
    ck_assert_uint_eq(syncs, 2);
    sync_fails = true;
    ck_assert_int_eq(file_write(in_folder("file"), BYTES("newer"), 0600, NULL), DEPOSITARY_E_IO);
    sync_fails = false;
    ck_assert_uint_eq(files_in_folder(), 1);
    ck_assert_int_eq(file_read(&out, in_folder("file"), NULL), 0);
    ck_assert(bytes_equal(buffer_bytes(&out), BYTES("new")));
    buffer_free(&out);
}
END_TEST

START_TEST(a_write_that_fails_leaves_the_old_and_nothing_beside) {
    struct fault fault;
    ck_assert_int_eq(file_make_dir(in_folder("taken"), 0700, NULL), 0);
    ck_assert_int_ne(file_write(in_folder("taken"), BYTES("x"), 0600, &fault), 0);
    ck_assert_uint_eq(files_in_folder(), 1);
    ck_assert_int_eq(file_write(in_folder("no/such/folder"), BYTES("x"), 0600, &fault), DEPOSITARY_E_MISSING);
}
END_TEST

START_TEST(a_secret_that_others_may_read_is_refused) {
    struct buffer out;
    struct fault fault;
    buffer_init(&out, 100);
    ck_assert_int_eq(file_write(in_folder("key"), BYTES("secret"), 0600, NULL), 0);
    ck_assert_int_eq(file_read_secret(&out, in_folder("key"), NULL), 0);
    ck_assert_int_eq(chmod(in_folder("key"), 0640), 0);
    ck_assert_int_eq(file_read_secret(&out, in_folder("key"), &fault), DEPOSITARY_E_PERMISSION);
    ck_assert_ptr_nonnull(strstr(fault.text, "chmod 600"));
    ck_assert_int_eq(chmod(in_folder("key"), 0602), 0);
    ck_assert_int_eq(file_read_secret(&out, in_folder("key"), NULL), DEPOSITARY_E_PERMISSION);
    ck_assert_uint_eq(out.len, 6);
    buffer_free(&out);
}
END_TEST

START_TEST(a_secret_behind_a_link_or_a_fifo_is_refused) {
    struct buffer out;
    char target[PATH_MAX];
    buffer_init(&out, 100);
    ck_assert_int_eq(file_write(in_folder("key"), BYTES("secret"), 0600, NULL), 0);
    strcpy(target, in_folder("key"));
    ck_assert_int_eq(symlink(target, in_folder("link")), 0);
    ck_assert_int_eq(file_read_secret(&out, in_folder("link"), NULL), DEPOSITARY_E_PERMISSION);
    ck_assert_int_eq(mkfifo(in_folder("fifo"), 0600), 0);
    ck_assert_int_eq(file_read_secret(&out, in_folder("fifo"), NULL), DEPOSITARY_E_PERMISSION);
    buffer_free(&out);
}
END_TEST

/* Every mode, for each kind of file: who else may do what with it. */
START_TEST(modes_decide_what_is_taken) {
    struct buffer out;
    struct fault fault = {0};
    buffer_init(&out, 100);
    ck_assert_int_eq(file_write(in_folder("file"), BYTES("text"), 0600, NULL), 0);
    struct stat about;
    const bool is_root = geteuid() == 0; /* who alone can give a file to a group that is not the user's own */
    for (unsigned i = 0; i < 0400u * (is_root ? 2 : 1); i++) {
        const unsigned mine = 0400 | i % 0400;
        ck_assert_int_eq(chown(in_folder("file"), (uid_t)-1, i < 0400 ? getegid() : 65533), 0);
        ck_assert_int_eq(stat(in_folder("file"), &about), 0);
        const unsigned changes = about.st_gid == about.st_uid ? 02 : 022;
        ck_assert_int_eq(chmod(in_folder("file"), mine), 0);
        int trusted = file_read_trusted(&out, in_folder("file"), &fault);
        ck_assert_msg((trusted == 0) == ((mine & changes) == 0), "trusted, %o", mine);
        ck_assert(trusted == 0 || strstr(fault_text(&fault), "chmod go-w /") != NULL);
        int private = file_read_private(&out, in_folder("file"), &fault);
        ck_assert_msg((private == 0) == ((mine & (changes | 07)) == 0), "private, %o", mine);
        ck_assert(private == 0 || strstr(fault_text(&fault), "chmod g-w,o= /") != NULL);
        int secret = file_read_secret(&out, in_folder("file"), &fault);
        ck_assert_msg((secret == 0) == ((mine & 077) == 0), "secret, %o", mine);
        ck_assert(secret == 0 || strstr(fault_text(&fault), "chmod 600 /") != NULL);
        buffer_clear(&out);
    }
    buffer_free(&out);
}
END_TEST

/* The folder's owner could put any other policy in its place: so it may as well be theirs. A key may not. */
START_TEST(owners_decide_what_is_taken) {
    struct buffer out;
    if (geteuid() != 0) /* only root can give a file away */
        return;
    buffer_init(&out, 100);
    ck_assert_int_eq(file_write(in_folder("file"), BYTES("text"), 0600, NULL), 0);
    ck_assert_int_eq(chown(in_folder("file"), 65533, (gid_t)-1), 0);
    for (uid_t owner = 65532; owner <= 65533; owner++) {
        ck_assert_int_eq(chown(folder, owner, (gid_t)-1), 0);
        ck_assert_int_eq(file_read_trusted(&out, in_folder("file"), NULL),
                         owner == 65533 ? 0 : DEPOSITARY_E_PERMISSION);
        ck_assert_int_eq(file_read_private(&out, in_folder("file"), NULL), DEPOSITARY_E_PERMISSION);
        ck_assert_int_eq(file_read_secret(&out, in_folder("file"), NULL), DEPOSITARY_E_PERMISSION);
    }
    /* root's: what is no secret of one's own is taken, by whoever may read it */
    ck_assert_int_eq(chown(in_folder("file"), 0, (gid_t)-1), 0);
    ck_assert_int_eq(chmod(in_folder("file"), 0640), 0);
    ck_assert_int_eq(chown(in_folder("file"), (uid_t)-1, 65533), 0);
    ck_assert_int_eq(setegid(65533), 0);
    ck_assert_int_eq(seteuid(65533), 0);
    ck_assert_int_eq(file_read_trusted(&out, in_folder("file"), NULL), 0);
    ck_assert_int_eq(file_read_private(&out, in_folder("file"), NULL), 0);
    ck_assert_int_eq(file_read_secret(&out, in_folder("file"), NULL), DEPOSITARY_E_PERMISSION);
    ck_assert_int_eq(seteuid(0), 0);
    buffer_free(&out);
}
END_TEST

START_TEST(folders_are_made_with_their_parents) {
    struct stat about;
    ck_assert_int_eq(file_make_dir(in_folder("a/b//c/"), 0700, NULL), 0);
    ck_assert_int_eq(stat(in_folder("a/b/c"), &about), 0);
    ck_assert(S_ISDIR(about.st_mode));
    ck_assert_uint_eq(about.st_mode & 07777, 0700);
    ck_assert_int_eq(file_make_dir(in_folder("a/b/c"), 0700, NULL), 0);
    ck_assert_int_eq(file_write(in_folder("a/file"), BYTES("x"), 0600, NULL), 0);
    ck_assert_int_ne(file_make_dir(in_folder("a/file"), 0700, NULL), 0);
    ck_assert_int_ne(file_make_dir(in_folder("a/file/below"), 0700, NULL), 0);
    ck_assert_int_ne(file_make_dir("", 0700, NULL), 0);
}
END_TEST

START_TEST(paths_that_do_not_fit_are_refused) {
    char out[8];
    ck_assert_int_eq(file_path(out, sizeof(out), "dir", "nam"), 0);
    ck_assert_str_eq(out, "dir/nam");
    ck_assert_int_eq(file_path(out, sizeof(out), "dir", "name"), DEPOSITARY_E_LIMIT);
    ck_assert_int_eq(file_path(out, sizeof(out), "/", "name"), 0);
    ck_assert_str_eq(out, "/name");
    ck_assert_int_eq(file_path(out, sizeof(out), "much longer than out", "n"), DEPOSITARY_E_LIMIT);
}
END_TEST

START_TEST(a_copy_is_a_new_file_with_no_wider_mode) {
    char from[PATH_MAX];
    struct stat about;
    struct buffer out;
    strcpy(from, in_folder("from"));
    ck_assert_int_eq(file_write(from, BYTES("0123456789"), 0644, NULL), 0);
    ck_assert_int_eq(file_copy(from, in_folder("to"), 0600, NULL), 0);
    ck_assert_int_eq(stat(in_folder("to"), &about), 0);
    ck_assert_uint_eq(about.st_mode & 0777, 0600);
    buffer_init(&out, 100);
    ck_assert_int_eq(file_read(&out, in_folder("to"), NULL), 0);
    ck_assert(bytes_equal(buffer_bytes(&out), BYTES("0123456789")));
    buffer_free(&out);
    ck_assert_int_eq(file_copy(from, in_folder("to"), 0600, NULL), DEPOSITARY_E_EXISTS);
    ck_assert_int_eq(file_copy(in_folder("nothing"), in_folder("new"), 0600, NULL), DEPOSITARY_E_MISSING);
    ck_assert_int_eq(file_copy(folder, in_folder("new"), 0600, NULL), DEPOSITARY_E_IO);
    ck_assert_uint_eq(files_in_folder(), 2);
}
END_TEST

START_TEST(a_file_is_placed_where_nothing_is) {
    char from[PATH_MAX];
    strcpy(from, in_folder("from"));
    ck_assert_int_eq(file_write(from, BYTES("one"), 0600, NULL), 0);
    ck_assert_int_eq(file_place(from, in_folder("to"), NULL), 0);
    ck_assert_uint_eq(files_in_folder(), 1);
    ck_assert_int_eq(file_write(from, BYTES("two"), 0600, NULL), 0);
    ck_assert_int_eq(file_place(from, in_folder("to"), NULL), DEPOSITARY_E_EXISTS);
    ck_assert_uint_eq(files_in_folder(), 2);
}
END_TEST

START_TEST(a_lock_is_one_holders_until_it_is_closed) {
    int first = -1, second = -1;
    ck_assert_int_eq(file_lock(&first, in_folder("lock"), NULL), 0);
    ck_assert_int_eq(file_lock(&second, in_folder("lock"), NULL), DEPOSITARY_E_STATE);
    ck_assert_int_eq(second, -1);
    close(first);
    ck_assert_int_eq(file_lock(&second, in_folder("lock"), NULL), 0);
    close(second);
}
END_TEST

static Suite *suite(void) {
    Suite *all = suite_create("file");
    TCase *cases = tcase_create("file");
    tcase_add_checked_fixture(cases, make_folder, remove_folder);
    tcase_add_test(cases, no_file_is_missing_and_a_folder_is_no_file);
    tcase_add_test(cases, a_file_past_the_limit_is_refused_and_one_at_it_is_read);
    tcase_add_test(cases, a_file_without_end_is_refused_at_the_limit);
    tcase_add_test(cases, a_write_replaces_whole_and_leaves_nothing_beside);
    tcase_add_test(cases, a_write_is_on_the_disk_before_it_takes_its_name_and_then_the_name);
    tcase_add_test(cases, a_write_that_fails_leaves_the_old_and_nothing_beside);
    tcase_add_test(cases, a_secret_that_others_may_read_is_refused);
    tcase_add_test(cases, a_secret_behind_a_link_or_a_fifo_is_refused);
    tcase_add_test(cases, modes_decide_what_is_taken);
    tcase_add_test(cases, owners_decide_what_is_taken);
    tcase_add_test(cases, folders_are_made_with_their_parents);
    tcase_add_test(cases, paths_that_do_not_fit_are_refused);
    tcase_add_test(cases, a_copy_is_a_new_file_with_no_wider_mode);
    tcase_add_test(cases, a_file_is_placed_where_nothing_is);
    tcase_add_test(cases, a_lock_is_one_holders_until_it_is_closed);
    suite_add_tcase(all, cases);
    return all;
}

int main(void) {
    SRunner *runner = srunner_create(suite());
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
