/*
 * Mutators that know the form of what they change, for libFuzzer: a change of bytes would seldom get past the length of the field that holds them.
 * Every change is drawn from `seed`, and every result is one that the fuzzer may as well have found by itself.
 */
#ifndef FUZZ_MUTATE_H
#define FUZZ_MUTATE_H

#include <protobuf-c/protobuf-c.h>

#include "fuzz.h"

/** libFuzzer's own mutation of bytes. */
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max);

/**
 * Changes one thing in an encoded message of that type: the value of a field somewhere in it, or whether it is there, or the elements of a list. Bytes that are no
 * such message are changed as bytes. Returns their new length, at most max.
 */
size_t mutate_message(const ProtobufCMessageDescriptor *type, uint8_t *data, size_t size, size_t max, unsigned seed);

#endif
