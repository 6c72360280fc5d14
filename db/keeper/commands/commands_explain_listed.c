/* explain, of an index: which of the images in it count in its repository (T19). */
#include "commands_int.h"

#include "db/keeper/images/image_listed.h"

static const char *const state_names[] = {
    [IMAGE_CHILD_MISSING] = "not decided yet",
    [IMAGE_CHILD_ALLOWED] = "allowed",
    [IMAGE_CHILD_HELD] = "held",
    [IMAGE_CHILD_DENIED] = "denied",
};

static void show_one(struct command *c, const struct image_child *child,
                     enum image_child_state state, const char *why)
{
    bool says = state == IMAGE_CHILD_HELD || state == IMAGE_CHILD_DENIED;
    command_print(c, "  lists: ");
    command_put_escaped(c, child->digest);
    command_print(c, child->platform.len > 0 ? " for " : " for no platform in particular");
    command_put_escaped(c, child->platform);
    command_print(c, "%s: %s", child->counts ? ", which counts here" : "", state_names[state]);
    command_print(c, "%s", says ? " (" : "");
    command_put_printable(c, ch_str_of(says ? why : ""));
    command_print(c, "%s\n", says ? ")" : "");
}

static void json_one(struct ch_buf *b, const struct image_child *child,
                     enum image_child_state state, const char *why)
{
    json_field(b, "digest", child->digest);
    if (child->platform.len > 0) {
        json_field(b, "platform", child->platform);
    }
    json_bool(b, "counts", child->counts);
    json_field(b, "verdict",
               ch_str_of(state == IMAGE_CHILD_MISSING ? "undecided" : state_names[state]));
    if (state == IMAGE_CHILD_HELD || state == IMAGE_CHILD_DENIED) {
        json_field(b, "why", ch_str_of(why));
    }
}

void command_explain_listed(struct command *c, struct page *p, size_t file, struct ch_buf *json)
{
    struct image_children all;
    char why[IMAGE_CHILD_WHY];
    bool known = image_children_of(c->k, p, file, &all);
    if (known && json != NULL) {
        json_open(json, "lists", '[');
    }
    for (size_t i = 0; i < all.count; i++) {
        enum image_child_state state = image_child_recorded(c->k, p, &all.list[i], why);
        if (json != NULL) {
            ch_buf_puts(json, i > 0 ? CH_STR(",{") : CH_STR("{"));
            json_one(json, &all.list[i], state, why);
            ch_buf_putc(json, '}');
        } else {
            show_one(c, &all.list[i], state, why);
        }
    }
    if (known && json != NULL) {
        ch_buf_putc(json, ']');
    }
    image_children_done(&all);
}
