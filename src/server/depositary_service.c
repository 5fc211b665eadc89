/* DepositaryService: its methods in one table. Each stands in the file of its concern, depositary_*.c; PROTOCOL.md
 * section 6. */
#include "server/depositary_parts.h"

static const Depositary__V1__DepositaryService_Service methods = DEPOSITARY__V1__DEPOSITARY_SERVICE__INIT(depositary_);

const struct service_entry depositary_service = {
    .descriptor = &depositary__v1__depositary_service__descriptor,
    .service = &methods.base,
    .size = sizeof methods,
};
