/*
 * How many signatures were checked: the linker sends libsodium's callers here (LINKER:--wrap=crypto_sign_verify_detached). Included by one file of a program.
 */
#ifndef TESTS_COUNT_SIGNATURES_H
#define TESTS_COUNT_SIGNATURES_H

#include <stdatomic.h>

int __real_crypto_sign_verify_detached(const unsigned char *, const unsigned char *, unsigned long long,
                                       const unsigned char *);
int __wrap_crypto_sign_verify_detached(const unsigned char *, const unsigned char *, unsigned long long,
                                       const unsigned char *);

static atomic_uint signatures_checked;

int __wrap_crypto_sign_verify_detached(const unsigned char *signature, const unsigned char *message,
                                       unsigned long long len, const unsigned char *public_key) {
    atomic_fetch_add(&signatures_checked, 1);
    return __real_crypto_sign_verify_detached(signature, message, len, public_key);
}

#endif
