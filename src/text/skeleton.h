/*
 * The skeleton of a text: what is left when everything is gone that a fold can change, make or take away. Equal under any set of
 * folds means equal skeletons, so one search among skeletons tells where folds are worth trying. Pure.
 */
#ifndef TEXT_SKELETON_H
#define TEXT_SKELETON_H

#include "text/fold.h"

/**
 * Canonical decomposition, then without white space, soft hyphens, combining marks and iotas (U+0345 is a mark that case folding
 * makes a letter), with quotes, hyphens and case folded; each byte with its source as in struct folded, source[len] is in.len.
 * Each code point is mapped by itself, so the skeleton of a part is a part of the skeleton. Work: O(n).
 */
MUST_USE int skeleton_of(struct folded *out, struct bytes in);

#endif
