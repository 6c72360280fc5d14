/* A house whose clients want more than they may have. */
#ifndef BUDGET_HOUSE_H
#define BUDGET_HOUSE_H

#include "house.h"

/* Setup and teardown of a test that lowers limits. */
int keep_limits(void **state);
int limits_again(void **state);
/* A page of so many wheels, each with bytes of its own. */
void set_project(struct house *h, const char *url, const char *project, size_t files);
/* Asks for the file of this number; returns the ask's. */
uint64_t want(struct house *h, const char *address, const char *project, size_t i,
              uint32_t patience_ms);
struct house *house_with(const char *project, size_t files);
/* New files, of one client. */
void set_budget(struct house *h, uint32_t burst, uint32_t per_minute);
/* Each project is a page of its own, that nobody has asked for. */
uint64_t want_page(struct house *h, const char *address, unsigned i);

#endif
