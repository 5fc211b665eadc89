/* No core dumps (secrecy.h). */
#include "base/secrecy.h"

#include <sys/prctl.h>
#include <sys/resource.h>

void secrecy_forbid_dumps(void) {
    const struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}
