/* A gateway that tells nobody what went out, which no installation can have: what that costs is
 * measured by rows/serving_log.py beside it. Takes the place of proxy/gateway/served.c. */
#include "proxy/gateway/gateway_int.h"

void gw_served_init(struct gw *gw)
{
    (void)gw;
}

void gw_served_done(struct gw *gw)
{
    (void)gw;
}

void gw_served_new_keeper(struct gw *gw)
{
    (void)gw;
}

void gw_served_add(struct gw *gw, const struct ch_served *served)
{
    (void)gw;
    (void)served;
}

void gw_served_kept(struct gw *gw, struct ch_str payload)
{
    (void)gw;
    (void)payload;
}
