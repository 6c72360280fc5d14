/* People of a house who sign in by tokens: each with one right and one token. */
#ifndef TOKEN_HOUSE_H
#define TOKEN_HOUSE_H

#include "house.h"

#include "customhouse/store.h"

#define HOUR (3600 * 1000000LL)

/* As the server's own user; its row. */
uint64_t give(struct house *h, struct ch_people_row row);
/* A person with a role in one repository, and a token "SECRET" of this audience: its row. */
uint64_t person(struct house *h, const char *name, const char *role, const char *repository,
                const char *audience, const char *secret);

#endif
