/* The built-in instrument, embedded byte for byte at build time (CMakeLists.txt of this room makes the arrays). */
#include "corpus/corpus.h"

#include "corpus_bytes.h"

struct bytes corpus_text(void) {
    return bytes_of(corpus_txt_bytes, sizeof corpus_txt_bytes);
}

struct bytes corpus_about(void) {
    return bytes_of(corpus_about_bytes, sizeof corpus_about_bytes);
}
