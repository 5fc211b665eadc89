/* The built-in instrument: the Azerbaijan-China joint statement of 23 April 2025, byte for byte, and its description. */
#ifndef CORPUS_CORPUS_H
#define CORPUS_CORPUS_H

#include "base/bytes.h"

struct bytes corpus_text(void);  /* az-cn-joint-statement-2025.txt */
struct bytes corpus_about(void); /* az-cn-joint-statement-2025.about, a description file */

#endif
