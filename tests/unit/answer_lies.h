/*
 * The table of lies: each changes one thing in a true answer (answer_scene.h), seals it again where the service could, and names the error with
 * which a client must refuse it. The rows are in lies/, a file for each part of an answer.
 */
#ifndef TESTS_ANSWER_LIES_H
#define TESTS_ANSWER_LIES_H

#include "answer_scene.h"

struct lie {
    const char *name;
    enum scene_kind kind;
    int error;
    void (*alter)(struct scene *scene);
    bool is_for_unit;    /* what judge() makes of it by itself */
    bool is_for_service; /* what a client makes of it that may ask further */
};

extern const struct lie lies[];
extern const size_t lies_count;

#endif
