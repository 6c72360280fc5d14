/* bench_admission REVIEWS PER_SECOND KNOWN: a keeper that knows so many digests is asked about 20
 * images at once, at a steady rate, as admission asks it. Prints for each review the microseconds
 * from when it was due to its answer: who is late delays those behind it, too. */
#include "admit_house.h"
#include "images_house.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define IMAGES 20
#define LAYERS 8

static struct ch_err err;

static uint64_t now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static void know(struct house *h, uint64_t count)
{
    CH_ASSERT(keeper_write(h->k, &err) == CH_OK);
    for (uint64_t i = 0; i < count; i++) {
        char name[64];
        snprintf(name, sizeof(name), "known %llu", (unsigned long long)i);
        struct ch_artifact a = {.sha256 = ch_sha256_of(name, strlen(name)), .size_bytes = 1};
        struct ch_release_file f = {.upstream = CH_STR("reg"),
                                    .project = ch_str_of(name),
                                    .file_name = ch_str_of(name),
                                    .sha256 = a.sha256,
                                    .url = CH_STR("https://up.example.org/known"),
                                    .at_us = 1};
        CH_ASSERT(ch_store_add_artifact(h->k->store, &a, &err) == CH_OK &&
                  ch_store_add_release_file(h->k->store, &f, &err) == CH_OK);
    }
    CH_ASSERT(keeper_commit(h->k, &err) == CH_OK);
}

static void add_line(struct house *h, struct ch_buf *text, const char *bytes, const char *ending,
                     const char *digest)
{
    char hex[CH_SHA256_HEX + 1], url[256];
    house_hex(bytes, hex);
    ch_buf_printf(text, "sha256-%s%s %s %zu - of:" IMAGES_NAME "=%s\n", hex, ending, hex,
                  strlen(bytes), digest);
    snprintf(url, sizeof(url), FILE_URL("sha256-%s%s"), hex, ending);
    house_site(h, url, 200, "application/octet-stream", bytes);
}

/* The registry has it, and it is asked for until it is allowed. */
static void set_image(struct house *h, size_t number, char digest[80])
{
    char bytes[64], hex[CH_SHA256_HEX + 1], url[256];
    struct ch_buf text;
    ch_buf_init(&text, 1u << 16);
    snprintf(bytes, sizeof(bytes), "manifest %zu", number);
    snprintf(digest, 80, "sha256:%s", house_hex(bytes, hex));
    add_line(h, &text, bytes, ".oci-manifest.json", digest);
    snprintf(bytes, sizeof(bytes), "config %zu", number);
    add_line(h, &text, bytes, ".config.json", digest);
    for (int i = 0; i < LAYERS; i++) { /* as images of one base have them */
        snprintf(bytes, sizeof(bytes), "layer %d", i);
        add_line(h, &text, bytes, ".layer.tar.gz", digest);
    }
    ch_buf_putc(&text, '\0');
    snprintf(url, sizeof(url), "https://up.example.org/v2/" IMAGES_NAME "/manifests/%s", digest);
    house_site(h, url, 200, IMAGES_MANIFEST_TYPE, text.ptr);
    ch_buf_done(&text);
    images_ask_manifest(h, digest);
    CH_ASSERT(h->file.outcome == CH_FILE_ALLOW);
}

static void ask(struct admitting *a, const struct ch_buf *message)
{
    a->here = false;
    CH_ASSERT(ch_channel_send(a->channel, CH_MSG_ASK_IMAGES, ch_buf_str(message), NULL, 0));
    while (!a->here) {
        house_turn(a->h, 100);
    }
}

static bool all_allowed(const struct admitting *a)
{
    bool all = a->answer.count == IMAGES;
    for (size_t i = 0; i < a->answer.count; i++) {
        all = all && a->answer.image[i].allowed;
    }
    return all;
}

int main(int argc, char **argv)
{
    uint64_t reviews = 0, per_second = 0, known = 0;
    if (argc != 4 || !ch_str_u64(ch_str_of(argv[1]), &reviews) ||
        !ch_str_u64(ch_str_of(argv[2]), &per_second) || per_second == 0 ||
        !ch_str_u64(ch_str_of(argv[3]), &known)) {
        fprintf(stderr, "usage: bench_admission REVIEWS PER_SECOND KNOWN\n");
        return 2;
    }
    struct house *h = images_house();
    struct admitting a;
    static char name[IMAGES][200];
    struct ch_ask_images m = {.ask = 1,
                              .environment = CH_STR("prod"),
                              .platform = CH_STR("linux/amd64"),
                              .name_space = CH_STR("web"),
                              .count = IMAGES};
    struct ch_buf message;
    know(h, known);
    for (size_t i = 0; i < IMAGES; i++) {
        char digest[80];
        set_image(h, i, digest);
        snprintf(name[i], sizeof(name[i]), "up.example.org/" IMAGES_NAME "@%s", digest);
        m.image[i] = ch_str_of(name[i]);
    }
    ch_buf_init(&message, 1u << 20);
    ch_ask_images_put(&message, &m);
    admit_begin(&a, h);
    do { /* until the log has all of it */
        ask(&a, &message);
    } while (!all_allowed(&a));
    uint64_t began_us = now_us();
    for (uint64_t i = 0; i < reviews; i++) {
        uint64_t due_us = began_us + i * 1000000 / per_second, at_us;
        while ((at_us = now_us()) < due_us) {
            house_turn(h, (int)((due_us - at_us) / 1000)); /* the keeper's own work goes on */
        }
        ask(&a, &message);
        CH_ASSERT(all_allowed(&a));
        printf("%llu\n", (unsigned long long)(now_us() - due_us));
    }
    admit_end(&a);
    ch_buf_done(&message);
    house_free(h);
    return 0;
}
