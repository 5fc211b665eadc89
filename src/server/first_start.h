/*
 * What a daemon does on an empty folder that no policy was given for: makes its own office and ledger, so that a newcomer sees it work. The only
 * place where the server knows the office.
 */
#ifndef SERVER_FIRST_START_H
#define SERVER_FIRST_START_H

#include "ledger/ledger.h"

/**
 * Makes <dir>/office (and its spare key in <dir>/office-spare) and copies its policy to <dir>/policy. origin NULL: "depositary.localhost/" and
 * six random letters. An office that a first start made before it was broken off is kept.
 */
MUST_USE int first_start_office(const char *dir, const char *origin, struct fault *fault);

/**
 * Signs the first append at the office of <dir> and puts it into the server's ledger: the answer key's record and, where with_instrument, the
 * built-in statement. Again after a first start that was broken off: goes on where it stopped.
 */
MUST_USE int first_start_deposit(const char *dir, struct ledger *ledger, const uint8_t public_key[PUBLIC_KEY_LEN],
                                 bool with_instrument, int64_t now_s, struct fault *fault);

#endif
