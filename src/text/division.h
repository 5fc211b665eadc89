/* Headings that stand above units: Part II, 第二章, BİRİNCİ BÖLÜM. Pure. */
#ifndef TEXT_DIVISION_H
#define TEXT_DIVISION_H

#include "text/label.h"

#define DIVISION_NAME_MAX 40

/** Whether a line stands above units: a Markdown heading, or "Part II" and kin. */
bool is_division(struct bytes line);

/** The eId of a division by the Akoma Ntoso Naming Convention, part_2 or chp_2; false where the line has no word and number for it. */
bool division_name(char out[DIVISION_NAME_MAX], struct bytes line);

#endif
