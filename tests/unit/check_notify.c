/* What a service manager hears, on a datagram socket of the test's own. sd_notify(3). */
#include "server/notify.h"

#include <check.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int fd;

/* Listens on a path, or on an abstract name where it begins with @. */
static void listen_on(const char *name) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    memcpy(address.sun_path, name, strlen(name));
    if (name[0] == '@') {
        address.sun_path[0] = '\0';
    }
    fd = socket(AF_UNIX, SOCK_DGRAM, 0);
    ck_assert_int_ge(fd, 0);
    socklen_t len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name));
    ck_assert_int_eq(bind(fd, (const struct sockaddr *)&address, len), 0);
    ck_assert_int_eq(setenv("NOTIFY_SOCKET", name, 1), 0);
}

static const char *heard(void) {
    static char text[1024];
    ssize_t len = recv(fd, text, sizeof(text) - 1, MSG_DONTWAIT);
    ck_assert_int_ge(len, 0);
    text[len] = '\0';
    return text;
}

START_TEST(each_message_is_a_datagram) {
    char name[64];
    snprintf(name, sizeof(name), "@depositary-check-notify-%ld", (long)getpid());
    listen_on(name);
    notify_ready();
    ck_assert_str_eq(heard(), "READY=1");
    notify_alive();
    ck_assert_str_eq(heard(), "WATCHDOG=1");
    notify_stopping();
    ck_assert_str_eq(heard(), "STOPPING=1");
    notify_reloading();
    const char *reloading = heard();
    ck_assert(strncmp(reloading, "RELOADING=1\nMONOTONIC_USEC=", 27) == 0);
    ck_assert_int_gt(atoll(reloading + 27), 0);
    notify_status("two\nlines");
    ck_assert_str_eq(heard(), "STATUS=two lines");
    close(fd);
}
END_TEST

START_TEST(path_is_a_name_too) {
    char dir[] = "/tmp/check-notify-XXXXXX";
    char name[64];
    ck_assert_ptr_nonnull(mkdtemp(dir));
    snprintf(name, sizeof(name), "%s/socket", dir);
    listen_on(name);
    notify_ready();
    ck_assert_str_eq(heard(), "READY=1");
    close(fd);
    unlink(name);
    rmdir(dir);
}
END_TEST

START_TEST(without_a_manager_nothing_happens) {
    static const char *const names[] = {"", "relative", "/no/such/socket"};
    unsetenv("NOTIFY_SOCKET");
    notify_ready();
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        setenv("NOTIFY_SOCKET", names[i], 1);
        notify_ready();
    }
}
END_TEST

START_TEST(watchdog_is_half_of_what_is_waited_for) {
    char pid[32];
    unsetenv("WATCHDOG_USEC");
    unsetenv("WATCHDOG_PID");
    ck_assert_uint_eq(notify_watchdog_ms(), 0);
    setenv("WATCHDOG_USEC", "30000000", 1);
    ck_assert_uint_eq(notify_watchdog_ms(), 15000);
    setenv("WATCHDOG_PID", "1", 1); /* somebody else's */
    ck_assert_uint_eq(notify_watchdog_ms(), 0);
    snprintf(pid, sizeof(pid), "%ld", (long)getpid());
    setenv("WATCHDOG_PID", pid, 1);
    ck_assert_uint_eq(notify_watchdog_ms(), 15000);
    setenv("WATCHDOG_USEC", "soon", 1);
    ck_assert_uint_eq(notify_watchdog_ms(), 0);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("notify");
    TCase *all = tcase_create("datagrams");
    tcase_add_test(all, each_message_is_a_datagram);
    tcase_add_test(all, path_is_a_name_too);
    tcase_add_test(all, without_a_manager_nothing_happens);
    tcase_add_test(all, watchdog_is_half_of_what_is_waited_for);
    suite_add_tcase(suite, all);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
